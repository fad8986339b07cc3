import { type Datatype, datatypeFacts, isDatatype, toConfigDatatype } from '../../src/protocol/datatype.js';
import { type InferInput, type InferOutput, type InferRequest, noParameters } from '../../src/protocol/infer.js';
import type { ModelMetadata, TensorMetadata } from '../../src/protocol/metadata.js';
import { modelConfigFromJson } from '../../src/protocol/model-config-codec.js';
import type { ModelStatistics } from '../../src/protocol/statistics.js';
import { elementCount, rawByteSize, unpackBytes } from '../../src/protocol/tensor.js';
import type { InferenceService, LoadParameter, ModelReference } from '../../src/server/inference-service.js';
import { ServerLog } from '../../src/server/logging/server-log.js';
import { RefusalError } from '../../src/server/refusal.js';
import { disabledSharedMemory } from '../../src/server/shared-memory/shared-memory.js';
import { defaultTraceSettings } from '../../src/server/tracing/trace-settings.js';

interface Model {
  readonly name: string;
  readonly maxBatchSize: number;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  readonly compute: (inputs: ReadonlyMap<string, InferInput>) => InferOutput[];
  success: number;
  inferences: number;
}

/** An `InferenceService` that also records what the front ends handed to it. */
export interface InMemoryService extends InferenceService {
  /** May be replaced, to stage what happens while a request is in flight. */
  infer: InferenceService['infer'];
  loadModel: InferenceService['loadModel'];
  pendingRequests: InferenceService['pendingRequests'];
  statistics: InferenceService['statistics'];
  /** What `isLive` and `isReady` say. */
  readonly health: { live: boolean; ready: boolean };
  readonly loads: { readonly name: string; readonly parameters: ReadonlyMap<string, LoadParameter> }[];
  readonly unloads: { readonly name: string; readonly unloadDependents: boolean }[];
}

const version = '1';

/**
 * The service without threads, files or ONNX: `simple` adds and subtracts INT32 [16] in batches up to 8,
 * `identity_<datatype>` gives back a variable tensor, `broken` throws what no service should, `stuck` answers when
 * it is aborted, and `asleep` is in the repository but not loaded.
 */
export function createInMemoryService(): InMemoryService {
  const models = new Map<string, Model>();
  const add = (model: Omit<Model, 'success' | 'inferences'>) =>
    models.set(model.name, { ...model, success: 0, inferences: 0 });
  add(addSub);
  for (const datatype of Object.keys(datatypeFacts).filter(isDatatype)) add(identity(datatype));
  add({
    ...identity('FP32'),
    name: 'broken',
    compute: () => {
      throw new TypeError('cannot read properties of a model');
    },
  });
  add({ ...identity('FP32'), name: 'stuck' });
  const ready = new Set(models.keys());
  models.set('asleep', { ...addSub, name: 'asleep', success: 0, inferences: 0 });
  const health = { live: true, ready: true };
  const loads: InMemoryService['loads'] = [];
  const unloads: InMemoryService['unloads'] = [];

  const find = (reference: ModelReference): Model => {
    const unknown = `Request for unknown model: '${reference.name}'`;
    const model = models.get(reference.name);
    if (model === undefined) throw new RefusalError('not-found', `${unknown} is not found`);
    if (!ready.has(model.name)) throw new RefusalError('not-found', `${unknown} has no available versions`);
    if (reference.version !== '' && reference.version !== version) {
      throw new RefusalError('not-found', `${unknown} version ${reference.version} is not found`);
    }
    return model;
  };

  return {
    health,
    loads,
    unloads,
    isLive: () => health.live,
    isReady: () => health.ready,
    isModelReady: (reference) => find(reference).name !== 'stuck',
    serverMetadata: () => ({ name: 'triton', version: '0.1.0', extensions: ['binary_tensor_data', 'statistics'] }),
    modelMetadata: (reference) => metadataOf(find(reference)),
    modelConfig: (reference) => configOf(find(reference)),
    statistics: (reference) =>
      reference.name === ''
        ? [...ready].map((name) => statisticsOf(find({ name, version: '' })))
        : [statisticsOf(find(reference))],
    failures: () => [...ready].map((name) => ({ name, version, counts: failureCounts })),
    pendingRequests: () => [{ name: 'simple', version, count: 3 }],
    keptMetrics: () => [],
    loadDurations: () => [...ready].map((name) => ({ name, version, seconds: 0.25 })),
    repositoryIndex: async ({ readyOnly }) =>
      [...models.keys()].flatMap((name) => {
        if (ready.has(name)) return [{ name, version, state: 'READY' as const, reason: '' }];
        return readyOnly ? [] : [{ name }];
      }),
    loadModel: async (name, parameters) => {
      if (!models.has(name)) {
        throw new RefusalError('internal', `failed to load '${name}', failed to poll from model repository`);
      }
      loads.push({ name, parameters });
      ready.add(name);
    },
    unloadModel: async (name, { unloadDependents }) => {
      unloads.push({ name, unloadDependents });
      ready.delete(name);
    },
    sharedMemory: disabledSharedMemory(),
    log: new ServerLog((line) => process.stderr.write(`${line}\n`)),
    trace: { settings: () => defaultTraceSettings, update: () => defaultTraceSettings },
    isDecoupled: (reference) => {
      find(reference);
      return false;
    },
    inferStream: async () => {
      throw new RefusalError('unsupported', 'no model is decoupled');
    },
    infer: async (request, signal) => {
      const model = find({ name: request.modelName, version: request.modelVersion });
      check(request, model);
      if (model.name === 'stuck') await aborted(signal);
      const outputs = model.compute(new Map(request.inputs.map((input) => [input.name, input])));
      model.success += 1;
      model.inferences += model.maxBatchSize > 0 ? (request.inputs[0]?.shape[0] ?? 1) : 1;
      const wanted = request.outputs.map(({ name }) => name);
      return {
        modelName: model.name,
        modelVersion: version,
        id: request.id,
        parameters: noParameters,
        outputs: outputs.filter(({ name }) => wanted.length === 0 || wanted.includes(name)),
      };
    },
  };
}

/** Distinct, so that the metrics cannot mix them up. */
const failureCounts = { REJECTED: 1, CANCELED: 2, BACKEND: 3, OTHER: 4 };

const tensor16: Omit<TensorMetadata, 'name'> = { datatype: 'INT32', shape: [-1, 16] };

const addSub: Omit<Model, 'success' | 'inferences'> = {
  name: 'simple',
  maxBatchSize: 8,
  inputs: [
    { name: 'INPUT0', ...tensor16 },
    { name: 'INPUT1', ...tensor16 },
  ],
  outputs: [
    { name: 'OUTPUT0', ...tensor16 },
    { name: 'OUTPUT1', ...tensor16 },
  ],
  compute: (inputs) => {
    const [left, right] = ['INPUT0', 'INPUT1'].map((name) => inputs.get(name));
    if (left === undefined || right === undefined) throw new Error('checked before');
    return [int32Output('OUTPUT0', left, right, 1), int32Output('OUTPUT1', left, right, -1)];
  },
};

function int32Output(name: string, left: InferInput, right: InferInput, sign: number): InferOutput {
  const a = new DataView(left.data.buffer, left.data.byteOffset);
  const b = new DataView(right.data.buffer, right.data.byteOffset);
  const data = new Uint8Array(left.data.length);
  const view = new DataView(data.buffer);
  for (let at = 0; at < data.length; at += 4) {
    view.setInt32(at, a.getInt32(at, true) + sign * b.getInt32(at, true), true);
  }
  return { name, datatype: 'INT32', shape: left.shape, data, parameters: noParameters };
}

const identity = (datatype: Datatype): Omit<Model, 'success' | 'inferences'> => ({
  name: `identity_${datatype.toLowerCase()}`,
  maxBatchSize: 0,
  inputs: [{ name: 'INPUT0', datatype, shape: [-1] }],
  outputs: [{ name: 'OUTPUT0', datatype, shape: [-1] }],
  compute: (inputs) =>
    [...inputs.values()].map((input) => ({
      ...input,
      name: 'OUTPUT0',
      data: Uint8Array.from(input.data),
      parameters: noParameters,
    })),
});

/** The part of the protocol's validation that the contract tests ask for. */
function check(request: InferRequest, model: Model): void {
  const refuse = (text: string): never => {
    throw new RefusalError(
      'invalid-argument',
      `[request id: ${request.id === '' ? '<id_unknown>' : request.id}] ${text}`,
    );
  };
  const of = `for model '${model.name}'`;
  for (const { name } of request.outputs) {
    if (model.outputs.every((output) => output.name !== name)) refuse(`unexpected inference output '${name}' ${of}`);
  }
  for (const input of request.inputs) {
    const expected = model.inputs.find(({ name }) => name === input.name);
    if (expected === undefined) refuse(`unexpected inference input '${input.name}' ${of}`);
    else checkTensor(input, expected, model, refuse);
  }
  if (request.inputs.length !== model.inputs.length) {
    refuse(`expected ${model.inputs.length} inputs but got ${request.inputs.length} inputs ${of}.`);
  }
}

function checkTensor(input: InferInput, expected: TensorMetadata, model: Model, refuse: (text: string) => never): void {
  const { name, datatype, shape, data } = input;
  if (datatype !== expected.datatype) {
    refuse(
      `inference input '${name}' data-type is '${datatype}', but model '${model.name}' expects '${expected.datatype}'`,
    );
  }
  if (shape.length !== expected.shape.length || expected.shape.some((dim, at) => dim >= 0 && dim !== shape[at])) {
    refuse(
      `unexpected shape for input '${name}' for model '${model.name}'. Expected [${expected.shape.join(',')}], got [${shape.join(',')}].`,
    );
  }
  if (model.maxBatchSize > 0 && (shape[0] ?? 0) > model.maxBatchSize) {
    refuse(`inference request batch-size must be <= ${model.maxBatchSize} for '${model.name}'`);
  }
  const size = rawByteSize(datatype, shape);
  if (size !== undefined && size !== data.length) {
    refuse(
      `input byte size mismatch for input '${name}' for model '${model.name}'. Expected ${size}, got ${data.length}`,
    );
  }
  if (size === undefined && unpackBytes(data, name).length !== elementCount(shape)) {
    refuse(`unexpected number of string elements for inference input '${name}' for model '${model.name}'`);
  }
}

const metadataOf = ({ name, inputs, outputs }: Model): ModelMetadata => ({
  name,
  versions: [version],
  platform: 'onnxruntime_onnx',
  inputs,
  outputs,
});

function configOf({ name, maxBatchSize, inputs, outputs }: Model) {
  const tensors = (list: readonly TensorMetadata[]) =>
    list.map((tensor) => ({
      name: tensor.name,
      data_type: toConfigDatatype(tensor.datatype),
      dims: maxBatchSize > 0 ? tensor.shape.slice(1) : tensor.shape,
    }));
  return modelConfigFromJson({
    name,
    platform: 'onnxruntime_onnx',
    max_batch_size: maxBatchSize,
    input: tensors(inputs),
    output: tensors(outputs),
    dynamic_batching: { max_queue_delay_microseconds: 100, preferred_batch_size: [4, 8] },
    parameters: { key: { string_value: 'value' } },
  });
}

function statisticsOf({ name, success, inferences }: Model): ModelStatistics {
  const spent = { count: success, ns: success * 1500 };
  const none = { count: 0, ns: 0 };
  return {
    name,
    version,
    last_inference: success === 0 ? 0 : 1_700_000_000_000,
    inference_count: inferences,
    execution_count: success,
    inference_stats: {
      success: spent,
      fail: none,
      queue: spent,
      compute_input: spent,
      compute_infer: spent,
      compute_output: spent,
      cache_hit: none,
      cache_miss: none,
    },
    response_stats: {},
    batch_stats:
      success === 0 ? [] : [{ batch_size: 1, compute_input: spent, compute_infer: spent, compute_output: spent }],
    memory_usage: [{ type: 'CPU', id: 0, byte_size: 4096 }],
  };
}

const aborted = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new RefusalError('cancelled', 'Request cancelled')), { once: true });
  });
