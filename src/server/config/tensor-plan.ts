import { PerfError } from '../../core/perf-error.js';
import { type Datatype, fromConfigDatatype } from '../../protocol/datatype.js';
import type { ConfigInput, ConfigOutput, ModelConfig } from '../../protocol/model-config.js';
import type { Tensor } from '../../protocol/tensor.js';
import type { GraphTensor, ModelGraph } from '../backends/backend.js';
import { isEnsemble } from '../backends/ensemble/validate-ensemble.js';
import type { GeneratedInput } from '../batching/generate-batch-input.js';
import { absentTensor, isAbsent } from './absent-tensor.js';

/** One input or output of a model as its configuration describes it; no batch dimension, -1 = variable. */
export interface PlannedTensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** What clients send and receive. */
  readonly dims: readonly number[];
  /** What the model sees instead (`reshape`, or a scalar shown as one element); else the same list as `dims`. */
  readonly modelDims: readonly number[];
  /** Requests of one batch may differ in the shape of this input: the model sees all elements in one dimension. */
  readonly isRagged?: boolean;
  /** Stands for this input in a request that leaves it out; a request must bring every input without it. */
  readonly initial?: Pick<Tensor, 'shape' | 'data'>;
  /** Clients do not send this input, the server makes it. */
  readonly generated?: GeneratedInput;
  /** Index of the planned input whose shape, request by request, this output of a batch has (`batch_output`). */
  readonly shapedAs?: number;
}

/** What validation, batching and backends need of a configuration, prepared once at load. */
export interface TensorPlan {
  readonly modelName: string;
  /** 0 = the model has no batch dimension. */
  readonly maxBatchSize: number;
  readonly inputs: readonly PlannedTensor[];
  readonly outputs: readonly PlannedTensor[];
  readonly inputIndex: ReadonlyMap<string, number>;
  readonly outputIndex: ReadonlyMap<string, number>;
  /** Whether requests of one batch can differ in shape, so that shapes must be compared. */
  readonly hasVariableInput: boolean;
}

/**
 * @param config completed, and checked against `graph`
 * @throws PerfError for a tensor without a usable datatype
 */
export function planTensors(config: ModelConfig, graph: ModelGraph): TensorPlan {
  const isTold = config.backend === 'javascript' || isEnsemble(config); // such a model sees which inputs there are
  const inputs = config.input.map((input) => withInitial(planTensor(input, graph.inputs), { input, graph, isTold }));
  const inputIndex = indexByName(inputs);
  const outputs = config.output.map((output) => shapedAs(config, inputIndex, planTensor(output, graph.outputs)));
  return {
    modelName: config.name,
    maxBatchSize: config.max_batch_size,
    inputs,
    outputs,
    inputIndex,
    outputIndex: indexByName(outputs),
    hasVariableInput: inputs.some(
      ({ isRagged, dims, initial }) => (!isRagged && dims.includes(-1)) || (initial !== undefined && isAbsent(initial)),
    ),
  };
}

function planTensor(tensor: ConfigInput | ConfigOutput, graph: readonly GraphTensor[]): PlannedTensor {
  const { name, dims, reshape } = tensor;
  const datatype = fromConfigDatatype(tensor.data_type);
  if (datatype === undefined) {
    throw new PerfError('model', `tensor '${name}' must specify 'data_type', got ${tensor.data_type}`);
  }
  const known = graph.find((each) => each.name === name);
  const isScalar = known?.shape.length === 0;
  const isRagged = 'allow_ragged_batch' in tensor && tensor.allow_ragged_batch;
  const planned = { name, datatype, dims, modelDims: isScalar ? [] : (reshape?.shape ?? dims) };
  return isRagged ? { ...planned, isRagged } : planned;
}

function shapedAs(
  { batch_output }: ModelConfig,
  inputIndex: ReadonlyMap<string, number>,
  planned: PlannedTensor,
): PlannedTensor {
  const source = batch_output.find(({ target_name }) => target_name.includes(planned.name))?.source_input[0];
  const index = source === undefined ? undefined : inputIndex.get(source);
  return index === undefined ? planned : { ...planned, shapedAs: index };
}

function withInitial(
  planned: PlannedTensor,
  { input, graph, isTold }: { readonly input: ConfigInput; readonly graph: ModelGraph; readonly isTold: boolean },
): PlannedTensor {
  if (!input.optional) return planned;
  if (isTold) return { ...planned, initial: absentTensor };
  const known = graph.inputs.find(({ name }) => name === input.name);
  return { ...planned, initial: initialOf(input, known) };
}

/** As clients would send it. */
function initialOf({ name, dims }: ConfigInput, known: GraphTensor | undefined): Pick<Tensor, 'shape' | 'data'> {
  if (known?.initial === undefined) {
    throw new PerfError('model', `model input '${name}' cannot be optional: the model has no value of its own for it`);
  }
  return { shape: dims.includes(-1) ? known.initial.shape : dims, data: known.initial.data };
}

/**
 * The plan that instances run: what clients send and, behind it, what the server makes of a batch. The same plan when
 * it makes nothing.
 *
 * @param config validated
 */
export function planExecution(plan: TensorPlan, config: ModelConfig): TensorPlan {
  if (config.batch_input.length === 0) return plan;
  const generated = config.batch_input.flatMap(({ kind, target_name, data_type, source_input }) => {
    const source = plan.inputIndex.get(source_input[0] ?? '') ?? 0;
    const datatype = data_type === 'TYPE_INT32' ? 'INT32' : 'FP32';
    return target_name.map(
      (name): PlannedTensor => ({ name, datatype, dims: [-1], modelDims: [-1], generated: { kind, source, datatype } }),
    );
  });
  return { ...plan, inputs: [...plan.inputs, ...generated] };
}

const indexByName = (tensors: readonly PlannedTensor[]): ReadonlyMap<string, number> =>
  new Map(tensors.map((tensor, index) => [tensor.name, index]));
