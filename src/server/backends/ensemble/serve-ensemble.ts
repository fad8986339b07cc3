import pLimit from 'p-limit';
import type { Clock } from '../../../core/clock.js';
import { ns } from '../../../core/units.js';
import type { InferRequest } from '../../../protocol/infer.js';
import type { ModelConfig } from '../../../protocol/model-config.js';
import type { Tensor } from '../../../protocol/tensor.js';
import { answerOf } from '../../answer-of.js';
import { fillVariableDims } from '../../batching/fill-variable-dims.js';
import { isAbsent } from '../../config/absent-tensor.js';
import type { OutputLabels } from '../../config/read-labels.js';
import { type PlannedTensor, planTensors, type TensorPlan } from '../../config/tensor-plan.js';
import { validateTensors } from '../../config/validate-config.js';
import { Leases } from '../../leases.js';
import { RefusalError } from '../../refusal.js';
import type { ServedVersion } from '../../served-version.js';
import type { ExecutionTimes, VersionStatistics } from '../../statistics/version-statistics.js';
import { type ValidRequest, validateRequest } from '../../validate-request.js';
import { describeVersion } from '../../version-metadata.js';
import type { ComposingModels } from './composing-models.js';
import { passShape } from './dims.js';
import { planEnsemble } from './ensemble-plan.js';
import { type ComputeTime, type EnsembleTensor, runEnsemble, type StepGate } from './ensemble-run.js';

export interface ServeEnsembleOptions {
  readonly version: string;
  /** Checked by itself and against its models. */
  readonly config: ModelConfig;
  readonly labels: OutputLabels;
  readonly models: ComposingModels;
  readonly clock: Clock;
  readonly statistics: VersionStatistics;
  readonly loadSeconds: number;
}

/**
 * An ensemble as a version like any other. It has no queue and no instances: a request is under way as soon as it is
 * valid. Its compute times are the sums over the steps; time in the queues of its models is theirs alone.
 * Disposal first answers every accepted request.
 *
 * @throws PerfError when an input or output of the configuration is wrong
 */
export function serveEnsemble({
  version,
  config,
  labels,
  models,
  clock,
  statistics,
  loadSeconds,
}: ServeEnsembleOptions): ServedVersion {
  validateTensors(config);
  const scheduling = config.ensemble_scheduling ?? { step: [], max_inflight_requests: 0 };
  const plan = planTensors(config, { inputs: [], outputs: [] });
  const flow = planEnsemble(scheduling, plan);
  const gateOf = stepGates(scheduling.max_inflight_requests, flow.steps.length);
  const leases = new Leases();

  /** Runs and counts an accepted request; resolves with its outputs in the plan's order, without those not asked for. */
  const execute: Execute = async (request, valid, { signal, onExecuted }) => {
    const enqueuedAt = clock.now();
    const giveBack = leases.take();
    try {
      const wanted = outputsOf(request, plan);
      const inputs = ensembleInputs(valid, plan);
      const options = { name: config.name, plan: flow, models, request, inputs, signal, gateOf };
      const start = clock.now();
      const result = await runEnsemble({ ...options, wanted: wanted.map((index) => flow.outputs[index] ?? 0) });
      const outputs = new Array<Tensor | undefined>(plan.outputs.length);
      wanted.forEach((index, position) => {
        outputs[index] = toOutput(result.tensors[position], plan.outputs[index], plan);
      });
      const times = executionTimes(start, result.compute);
      statistics.recordExecution(times, valid.batchSize);
      statistics.recordSuccess({ enqueuedAt, end: clock.now() }, times);
      onExecuted?.(times);
      return outputs;
    } catch (thrown) {
      const isCancelled = thrown instanceof RefusalError && thrown.reason === 'cancelled';
      statistics.recordFailure(clock.now() - enqueuedAt, isCancelled ? 'CANCELED' : 'OTHER');
      throw thrown;
    } finally {
      giveBack();
    }
  };

  return {
    version,
    config,
    loadSeconds,
    pendingCount: 0,
    async infer(request, signal, onExecuted) {
      const outputs = await execute(request, validateRequest(request, plan), { signal, onExecuted });
      return answerOf(request, { name: config.name, version, outputs, plan, labels });
    },
    lease: () => leases.take(),
    metadata: (versions) => describeVersion(config, plan, versions),
    statistics: () => statistics.snapshot({ name: config.name, version }),
    failures: () => statistics.failures(),
    kept: statistics.kept,
    [Symbol.asyncDispose]: () => leases.allReturned(),
  };
}

type Execute = (
  request: InferRequest,
  valid: ValidRequest,
  options: {
    readonly signal: AbortSignal | undefined;
    readonly onExecuted: ((times: ExecutionTimes) => void) | undefined;
  },
) => Promise<readonly (Tensor | undefined)[]>;

/** `max_inflight_requests` bounds each step over all requests of the ensemble. */
function stepGates(maxInFlight: number, steps: number): (step: number) => StepGate {
  const open: StepGate = (run) => run();
  if (maxInFlight === 0) return () => open;
  const limits = Array.from({ length: steps }, () => pLimit(maxInFlight));
  return (step) => limits[step] ?? open;
}

/** By index, as the request names them; all of them when it names none. */
const outputsOf = ({ outputs }: InferRequest, plan: TensorPlan): readonly number[] =>
  outputs.length === 0
    ? plan.outputs.map((_, index) => index)
    : outputs.flatMap(({ name }) => plan.outputIndex.get(name) ?? []);

/** The inputs in the shapes that the steps see: a reshape of the ensemble is applied here. One that was left out stays so. */
function ensembleInputs({ inputs, batchSize }: ValidRequest, plan: TensorPlan): EnsembleTensor[] {
  const isBatching = plan.maxBatchSize > 0;
  return inputs.map(({ datatype, shape, data }, index) => {
    if (isAbsent({ shape })) return { datatype, shape, data, batchSize: 0, isBorrowed: true };
    const planned = plan.inputs[index];
    const rows = isBatching ? shape.slice(0, 1) : [];
    const dims = isBatching ? shape.slice(1) : shape;
    return {
      datatype,
      shape: planned === undefined ? shape : [...rows, ...reshaped(dims, planned.dims, planned.modelDims)],
      data,
      batchSize: isBatching ? batchSize : 0,
      isBorrowed: true,
    };
  });
}

/** A tensor as the client sees it. One that is the request's own is copied: its buffer is not ours after the answer. */
function toOutput(
  tensor: EnsembleTensor | undefined,
  planned: PlannedTensor | undefined,
  plan: TensorPlan,
): Tensor | undefined {
  if (tensor === undefined || planned === undefined || isAbsent(tensor)) return undefined;
  const { name, dims, modelDims } = planned;
  const isBatching = plan.maxBatchSize > 0;
  const passed = passShape(tensor, { dims: modelDims, isBatching });
  const shape = isBatching
    ? [...passed.slice(0, 1), ...reshaped(passed.slice(1), modelDims, dims)]
    : reshaped(passed, modelDims, dims);
  const data = tensor.isBorrowed ? Uint8Array.from(tensor.data) : tensor.data;
  return { name, datatype: tensor.datatype, shape, data };
}

const reshaped = (shape: readonly number[], from: readonly number[], to: readonly number[]): readonly number[] =>
  from === to ? shape : fillVariableDims(to, from, shape);

/** The sums of the steps as if they had been one execution. */
function executionTimes(start: ExecutionTimes['start'], compute: Readonly<ComputeTime>): ExecutionTimes {
  const computeStart = ns(start + compute.input);
  const computeEnd = ns(computeStart + compute.infer);
  return { start, computeStart, computeEnd, end: ns(computeEnd + compute.output) };
}
