import { type Nanoseconds, ns } from '../core/units.js';
import { datatypeFacts } from '../protocol/datatype.js';
import {
  type InferInput,
  type InferRequest,
  noParameters,
  type Parameters,
  type RequestedOutput,
} from '../protocol/infer.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { elementCount, type Tensor, unpackBytes } from '../protocol/tensor.js';
import { classCountOf } from './classification.js';
import { isAbsent } from './config/absent-tensor.js';
import type { PlannedTensor, TensorPlan } from './config/tensor-plan.js';
import { readSequence, type SequenceMark } from './read-sequence.js';
import { RefusalError } from './refusal.js';

/** A request that fits the model. */
export interface ValidRequest {
  /** One tensor per planned input, in the plan's order. */
  readonly inputs: readonly Tensor[];
  readonly batchSize: number;
  /** Equal for requests that may share a batch; '' when all of this model's may. */
  readonly shapeKey: string;
  /** 1 = highest; 0 = it does not say (v2 protocol, 5 "schedule policy"). */
  readonly priority: number;
  /** How long it is willing to wait in the queue; 0 = it does not say. */
  readonly timeout: Nanoseconds;
  /** Where it stands in its sequence; a request that belongs to none has no mark. */
  readonly sequence?: SequenceMark;
}

/**
 * Checks a request against the model (v2 protocol, 1.3: order and texts).
 *
 * @throws RefusalError whose text begins with the request's id
 */
export function validateRequest(request: InferRequest, plan: TensorPlan): ValidRequest {
  try {
    checkParameters(request.parameters);
    checkOutputs(request.outputs, plan);
    const inputs = orderInputs(request.inputs, plan);
    for (let index = 0; index < inputs.length; index++) checkDatatype(inputs[index], plan.inputs[index], plan);
    const sequence = readSequence(request.parameters);
    const batchSize = plan.maxBatchSize > 0 ? checkBatchSize(inputs, plan) : 1;
    for (let index = 0; index < inputs.length; index++) checkInput(inputs[index], plan.inputs[index], plan);
    return {
      inputs,
      batchSize,
      shapeKey: plan.hasVariableInput ? shapeKeyOf(inputs, plan) : '',
      priority: countOf('priority', request.parameters),
      timeout: ns(countOf('timeout', request.parameters) * 1000),
      ...(sequence === undefined ? {} : { sequence }),
    };
  } catch (thrown) {
    if (!(thrown instanceof RefusalError || thrown instanceof ProtocolError)) throw thrown;
    throw new RefusalError(thrown.reason, `[request id: ${request.id || '<id_unknown>'}] ${thrown.message}`);
  }
}

const invalid = (message: string): RefusalError => new RefusalError('invalid-argument', message);
const unsupported = (what: string): RefusalError => new RefusalError('unsupported', `${what} is not supported yet`);

function checkParameters(parameters: Parameters): void {
  for (const key of parameters.keys()) {
    if (key.startsWith('triton_')) throw invalid(`parameter keys starting with 'triton_' are reserved, got '${key}'`);
  }
}

/** A parameter that counts something; 0 when it is not given. */
function countOf(key: string, parameters: Parameters): number {
  const value = parameters.get(key) ?? 0;
  const count = typeof value === 'bigint' ? Number(value) : value;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0) return count;
  throw invalid(`parameter '${key}' must be an unsigned integer, got '${value}'`);
}

function checkTensorParameters(kind: string, { name, parameters }: InferInput | RequestedOutput): void {
  for (const key of parameters.keys()) {
    if (key.startsWith('shared_memory_')) throw unsupported(`parameter '${key}' of ${kind} '${name}'`);
  }
}

function checkOutputs(outputs: readonly RequestedOutput[], plan: TensorPlan): void {
  outputs.forEach((output, index) => {
    const planned = plan.outputs[plan.outputIndex.get(output.name) ?? -1];
    if (planned === undefined) {
      throw invalid(`unexpected inference output '${output.name}' for model '${plan.modelName}'`);
    }
    for (let earlier = 0; earlier < index; earlier++) {
      if (outputs[earlier]?.name === output.name) throw invalid(`output '${output.name}' already exists in request`);
    }
    checkTensorParameters('output', output);
    classCountOf(output, planned.datatype);
  });
}

function orderInputs(inputs: readonly InferInput[], plan: TensorPlan): InferInput[] {
  const ordered = new Array<InferInput>(plan.inputs.length);
  let unknown: string | undefined;
  for (const input of inputs) {
    const index = plan.inputIndex.get(input.name);
    if (index === undefined) {
      unknown ??= input.name;
      continue;
    }
    if (ordered[index] !== undefined) throw invalid(`input '${input.name}' already exists in request`);
    checkTensorParameters('input', input);
    ordered[index] = input;
  }
  if (inputs.length !== plan.inputs.length && !isFilled(ordered, inputs, plan)) throw wrongInputCount(inputs, plan);
  if (unknown !== undefined) throw invalid(`unexpected inference input '${unknown}' for model '${plan.modelName}'`);
  return ordered;
}

/** Puts in what the model has for the inputs that are left out; whether no other input is missing, and none too many. */
function isFilled(ordered: InferInput[], given: readonly InferInput[], plan: TensorPlan): boolean {
  if (given.length > plan.inputs.length) return false;
  return plan.inputs.every(({ name, datatype, initial }, index) => {
    if (ordered[index] !== undefined) return true;
    if (initial === undefined) return false;
    ordered[index] = { name, datatype, ...initial, parameters: noParameters };
    return true;
  });
}

function wrongInputCount(inputs: readonly InferInput[], plan: TensorPlan): RefusalError {
  const given = new Set(inputs.map((input) => input.name));
  const list = (names: readonly string[]) => names.map((name) => `'${name}'`).join(',');
  const required = plan.inputs.filter(({ initial }) => initial === undefined);
  const missing = required.map((input) => input.name).filter((name) => !given.has(name));
  const [fewest, most] = [required.length, plan.inputs.length];
  const expected =
    fewest === most ? `expected ${most} inputs` : `expected number of inputs between ${fewest} and ${most}`;
  return invalid(
    `${expected} but got ${inputs.length} inputs for model '${plan.modelName}'. ` +
      `Got input(s) [${list([...given])}], but missing required input(s) [${list(missing)}]. ` +
      'Please provide all required input(s).',
  );
}

function checkDatatype(input: InferInput | undefined, planned: PlannedTensor | undefined, plan: TensorPlan): void {
  if (input === undefined || planned === undefined || input.datatype === planned.datatype) return;
  throw invalid(
    `inference input '${input.name}' data-type is '${input.datatype}', but model '${plan.modelName}' expects ` +
      `'${planned.datatype}'`,
  );
}

function checkBatchSize(inputs: readonly InferInput[], plan: TensorPlan): number {
  let batchSize: number | undefined;
  for (const input of inputs) {
    if (isAbsent(input)) continue;
    const rows = input.shape[0];
    if (rows === undefined) {
      throw invalid(`input '${input.name}' has no shape but model requires batch dimension for '${plan.modelName}'`);
    }
    batchSize ??= rows;
    if (rows !== batchSize) {
      throw invalid(`input '${input.name}' batch size does not match other inputs for '${plan.modelName}'`);
    }
  }
  batchSize ??= 1; // the model does without any input
  if (batchSize < 1) {
    throw invalid(`inference request batch-size must be >= 1 for '${plan.modelName}'`);
  }
  if (batchSize > plan.maxBatchSize) {
    throw invalid(`inference request batch-size must be <= ${plan.maxBatchSize} for '${plan.modelName}'`);
  }
  return batchSize;
}

function checkInput(input: InferInput | undefined, planned: PlannedTensor | undefined, plan: TensorPlan): void {
  if (input === undefined || planned === undefined || isAbsent(input)) return;
  if (!matchesDims(input.shape, planned, plan)) throw wrongShape(input, planned, plan);
  const elements = elementCount(input.shape);
  if (!Number.isSafeInteger(elements)) {
    throw invalid(
      `input '${input.name}' for model '${plan.modelName}' has a shape that causes total element count to exceed ` +
        `maximum size of ${Number.MAX_SAFE_INTEGER}`,
    );
  }
  const { sizeBytes } = datatypeFacts[planned.datatype];
  if (sizeBytes === undefined) {
    checkStrings(input, { expected: elements, modelName: plan.modelName });
  } else if (sizeBytes * elements !== input.data.byteLength) {
    throw invalid(
      `input byte size mismatch for input '${input.name}' for model '${plan.modelName}'. ` +
        `Expected ${sizeBytes * elements}, got ${input.data.byteLength}`,
    );
  }
}

function matchesDims(shape: readonly number[], planned: PlannedTensor, plan: TensorPlan): boolean {
  const leading = plan.maxBatchSize > 0 ? 1 : 0;
  if (shape.length !== planned.dims.length + leading) return false;
  for (let index = leading; index < shape.length; index++) {
    const expected = planned.dims[index - leading];
    const actual = shape[index] ?? -1;
    if (!Number.isInteger(actual) || actual < 0 || (expected !== -1 && expected !== actual)) return false;
  }
  return true;
}

function wrongShape(input: InferInput, planned: PlannedTensor, plan: TensorPlan): RefusalError {
  const batching = plan.maxBatchSize > 0;
  const expected = batching ? [-1, ...planned.dims] : planned.dims;
  const note = batching
    ? ' NOTE: max_batch_size is not 0, so the shape begins with the batch dimension, which the configured dims leave out.'
    : '';
  return invalid(
    `unexpected shape for input '${input.name}' for model '${plan.modelName}'. ` +
      `Expected [${expected}], got [${input.shape}].${note}`,
  );
}

function checkStrings(input: InferInput, options: { readonly expected: number; readonly modelName: string }): void {
  const { expected, modelName } = options;
  const got = unpackBytes(input.data, input.name, modelName).length;
  const owner = `for inference input '${input.name}' for model '${modelName}'`;
  if (got < expected) throw invalid(`expected ${expected} string elements ${owner}, got ${got}`);
  if (got > expected) throw invalid(`unexpected number of string elements ${got} ${owner}, expecting ${expected}`);
}

/** The shapes without the batch dimension, of inputs that are not ragged. */
function shapeKeyOf(inputs: readonly InferInput[], plan: TensorPlan): string {
  const leading = plan.maxBatchSize > 0 ? 1 : 0;
  let key = '';
  for (let input = 0; input < inputs.length; input++) {
    const given = inputs[input]?.shape ?? [];
    if (isAbsent({ shape: given })) key += '-';
    const shape = plan.inputs[input]?.isRagged ? [] : given;
    for (let index = leading; index < shape.length; index++) key += `${shape[index]},`;
    key += ';';
  }
  return key;
}
