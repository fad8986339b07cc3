import { PerfError } from '../../core/perf-error.js';
import type { Datatype } from '../../protocol/datatype.js';
import { fromConfigDatatype } from '../../protocol/datatype.js';
import { elementCodecs } from '../../protocol/element-codec.js';
import type {
  ModelConfig,
  SequenceBatching,
  SequenceControlInput,
  SequenceState,
} from '../../protocol/model-config.js';
import { elementCount, packBytes, rawByteSize, type Tensor, unpackBytes } from '../../protocol/tensor.js';
import type { SequenceMark } from '../read-sequence.js';
import { controlDatatype } from './server-tensors.js';
import type { PlannedTensor, TensorPlan } from './tensor-plan.js';

/** An input that tells the model where in its sequence a row stands. */
export type PlannedControl = { readonly tensor: PlannedTensor } & (
  | { readonly kind: 'start' | 'ready' | 'end'; readonly whenFalse: Tensor; readonly whenTrue: Tensor }
  | { readonly kind: 'id' }
);

/** A tensor that one step of a sequence leaves for the next. */
export interface PlannedState {
  readonly input: PlannedTensor;
  /** Index of the output that becomes the next step's input, among the outputs of `execution`. */
  readonly output: number;
  /** What the first step gets. */
  readonly initial: Tensor;
}

/** What the sequence batcher needs of a configuration, prepared once at load. */
export interface SequencePlan {
  /** What instances run: what clients send, then controls and states, in this order; outputs likewise. */
  readonly execution: TensorPlan;
  readonly controls: readonly PlannedControl[];
  readonly states: readonly PlannedState[];
  /** Outputs that clients get: the first of `execution`. */
  readonly clientOutputs: number;
  /** Whether the shape of a state depends on the step, so that steps of a batch can differ in it. */
  readonly hasVariableState: boolean;
}

/**
 * @param config completed, and checked against the graph
 * @param plan what clients send and get
 * @param initialData raw bytes by the name of the state's input, for those whose initial state is a file
 * @throws PerfError when the data does not fill an initial state
 */
export function planSequences(
  config: ModelConfig & { readonly sequence_batching: SequenceBatching },
  plan: TensorPlan,
  initialData: ReadonlyMap<string, Uint8Array>,
): SequencePlan {
  const { control_input, state } = config.sequence_batching;
  const isBatching = config.max_batch_size > 0;
  const controls = control_input.map((control) => planControl(control, isBatching));
  const stateOutputs = state.filter(({ output_name }) => !plan.outputIndex.has(output_name));
  const outputs = [...plan.outputs, ...stateOutputs.map((each) => plannedTensor(each.output_name, each))];
  const outputIndex = new Map(outputs.map(({ name }, index) => [name, index]));
  const states = state.map((each): PlannedState => {
    const input = plannedTensor(each.input_name, each);
    const initial = initialTensor(input, { state: each, isBatching, data: initialData.get(each.input_name) });
    return { input, output: outputIndex.get(each.output_name) ?? 0, initial };
  });
  const inputs = [...plan.inputs, ...controls.map(({ tensor }) => tensor), ...states.map(({ input }) => input)];
  const inputIndex = new Map(inputs.map(({ name }, index) => [name, index]));
  return {
    execution: { ...plan, inputs, outputs, inputIndex, outputIndex },
    controls,
    states,
    clientOutputs: plan.outputs.length,
    hasVariableState: state.some(({ dims }) => dims.includes(-1)),
  };
}

const controlKinds = {
  CONTROL_SEQUENCE_START: 'start',
  CONTROL_SEQUENCE_READY: 'ready',
  CONTROL_SEQUENCE_END: 'end',
} as const;

/** Control tensors have one element a row (model configuration, 7.3). */
function planControl(input: SequenceControlInput, isBatching: boolean): PlannedControl {
  const [control] = input.control;
  const datatype = datatypeOf(input.name, controlDatatype(input));
  const tensor = { name: input.name, datatype, dims: [1], modelDims: [1] };
  if (control === undefined || control.kind === 'CONTROL_SEQUENCE_CORRID') return { kind: 'id', tensor };
  const pairs = [control.int32_false_true, control.fp32_false_true, control.bool_false_true];
  const [whenFalse = 0, whenTrue = 1] = pairs.find(({ length }) => length > 0) ?? [];
  const shape = isBatching ? [1, 1] : [1];
  const tensorOf = (value: number | boolean): Tensor => ({
    name: input.name,
    datatype,
    shape,
    data: oneElement(datatype, value),
  });
  return { kind: controlKinds[control.kind], tensor, whenFalse: tensorOf(whenFalse), whenTrue: tensorOf(whenTrue) };
}

/** What the model is told of a row. @param mark `undefined` for one that is not ready: then the id means nothing */
export function controlTensors(plan: SequencePlan, mark: SequenceMark | undefined): Tensor[] {
  const shape = plan.execution.maxBatchSize > 0 ? [1, 1] : [1];
  const flags = { start: mark?.isStart === true, end: mark?.isEnd === true, ready: mark !== undefined };
  return plan.controls.map((control) => {
    if (control.kind !== 'id') return flags[control.kind] ? control.whenTrue : control.whenFalse;
    const { name, datatype } = control.tensor;
    return { name, datatype, shape, data: oneElement(datatype, mark?.id ?? (datatype === 'BYTES' ? '' : 0n)) };
  });
}

/** The raw form of a single element. */
function oneElement(datatype: Datatype, value: number | bigint | boolean | string): Uint8Array {
  if (datatype === 'BYTES') return packBytes([String(value)]);
  const data = new Uint8Array(rawByteSize(datatype, [1]) ?? 0);
  elementCodecs[datatype].write(new DataView(data.buffer), 0, typeof value === 'string' ? 0 : value);
  return data;
}

/** Raw zeros of a tensor; empty texts for BYTES, whose length prefixes are zeros too. */
export const zeroData = (datatype: Datatype, shape: readonly number[]): Uint8Array =>
  new Uint8Array(rawByteSize(datatype, shape) ?? 4 * elementCount(shape));

/** Without an initial state, zeros; its variable dimensions are 1 then. */
function initialTensor(
  planned: PlannedTensor,
  options: { readonly state: SequenceState; readonly isBatching: boolean; readonly data: Uint8Array | undefined },
): Tensor {
  const { state, isBatching, data } = options;
  const { name, datatype } = planned;
  const dims = (state.initial_state[0]?.dims ?? state.dims).map((dim) => (dim === -1 ? 1 : dim));
  const shape = isBatching ? [1, ...dims] : dims;
  const bytes = rawByteSize(datatype, shape) ?? 4 * elementCount(shape);
  if (bytes > mostStateBytes) throw tooLittle(state, { expected: `at most ${mostStateBytes} bytes`, got: `${bytes}` });
  if (data === undefined) return { name, datatype, shape, data: zeroData(datatype, shape) };
  return { name, datatype, shape, data: cutToSize(data, { planned, shape, state }) };
}

/** The bytes of a file that fill the tensor; more of them do no harm, as with Triton, but for texts. */
function cutToSize(
  data: Uint8Array,
  options: { readonly planned: PlannedTensor; readonly shape: readonly number[]; readonly state: SequenceState },
): Uint8Array {
  const { planned, shape, state } = options;
  const file = state.initial_state[0]?.data_file ?? '';
  const expected = rawByteSize(planned.datatype, shape);
  if (expected === undefined) {
    const texts = unpackBytes(data, planned.name).length;
    if (texts === elementCount(shape)) return data;
    throw tooLittle(state, { expected: `${elementCount(shape)} strings`, got: `${texts} in ${file}` });
  }
  if (data.byteLength >= expected) return data.subarray(0, expected);
  throw tooLittle(state, { expected: `${expected} bytes`, got: `${data.byteLength} in ${file}` });
}

/** As much as a message may carry. */
const mostStateBytes = 2 ** 31 - 1;

const tooLittle = (
  state: SequenceState,
  { expected, got }: { readonly expected: string; readonly got: string },
): PerfError =>
  new PerfError('model', `initial_state setting of state '${state.input_name}' expects ${expected}, got ${got}`);

function plannedTensor(name: string, { data_type, dims }: Pick<SequenceState, 'data_type' | 'dims'>): PlannedTensor {
  return { name, datatype: datatypeOf(name, data_type), dims, modelDims: dims };
}

function datatypeOf(name: string, configured: string): Datatype {
  const datatype = fromConfigDatatype(configured);
  if (datatype !== undefined) return datatype;
  throw new PerfError('model', `tensor '${name}' must specify 'data_type', got ${configured}`);
}
