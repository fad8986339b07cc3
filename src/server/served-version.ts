import type { Clock } from '../core/clock.js';
import { fromMs, ns } from '../core/units.js';
import { type InferOutput, type InferRequest, type InferResponse, noParameters } from '../protocol/infer.js';
import type { ModelMetadata, TensorMetadata } from '../protocol/metadata.js';
import type { ModelConfig } from '../protocol/model-config.js';
import type { ModelStatistics } from '../protocol/statistics.js';
import type { Tensor } from '../protocol/tensor.js';
import type { Backend, ModelInstance } from './backends/backend.js';
import { classCountOf, classify } from './classification.js';
import type { OutputLabels } from './config/read-labels.js';
import { type PlannedTensor, planExecution, type TensorPlan } from './config/tensor-plan.js';
import { type FormBatch, formDynamicBatch, formSingle } from './scheduling/form-batch.js';
import { queueOf } from './scheduling/queue-of.js';
import { Scheduler } from './scheduling/scheduler.js';
import { WaitingRequest } from './scheduling/waiting-request.js';
import type { FailureCounts } from './statistics/failure-reason.js';
import { VersionStatistics } from './statistics/version-statistics.js';
import { validateRequest } from './validate-request.js';

/** A loaded version of a model: it validates, schedules, executes and counts. */
export interface ServedVersion extends AsyncDisposable {
  readonly version: string;
  readonly config: ModelConfig;
  readonly pendingCount: number;
  infer(request: InferRequest, signal?: AbortSignal): Promise<InferResponse>;
  metadata(versions: readonly string[]): ModelMetadata;
  statistics(): ModelStatistics;
  failures(): FailureCounts;
}

export interface ServeOptions {
  readonly version: string;
  /** Completed, normalised and validated. */
  readonly config: ModelConfig;
  readonly plan: TensorPlan;
  readonly labels: OutputLabels;
  readonly backend: Backend;
  /** At least one; owned from here on. */
  readonly instances: readonly ModelInstance[];
  readonly clock: Clock;
  /** Called once, when the last instance is lost and the version cannot serve any more. */
  readonly onDead: (reason: string) => void;
}

/** Disposal first answers every accepted request, then ends the instances. */
export function serveVersion(options: ServeOptions): ServedVersion {
  const { version, config, plan, labels, backend, instances, clock } = options;
  const statistics = new VersionStatistics();
  const scheduler = new Scheduler({
    plan: planExecution(plan, config),
    instances,
    formBatch: batchingOf(config),
    queue: queueOf(config.dynamic_batching),
    clock,
    statistics,
    preserveOrdering: config.dynamic_batching?.preserve_ordering ?? false,
    onDead: options.onDead,
  });
  return {
    version,
    config,
    get pendingCount() {
      return scheduler.pendingCount;
    },
    async infer(request, signal) {
      const valid = validateRequest(request, plan);
      backend.checkRequest(valid);
      const outputs = await new Promise<readonly Tensor[]>((resolve, reject) => {
        scheduler.enqueue(new WaitingRequest(valid, { enqueuedAt: clock.now(), end: { resolve, reject }, signal }));
      });
      return {
        modelName: config.name,
        modelVersion: version,
        id: request.id,
        parameters: noParameters,
        outputs: pickOutputs(request, { outputs, plan, labels }),
      };
    },
    metadata: (versions) => ({
      name: config.name,
      versions,
      platform: config.platform,
      inputs: plan.inputs.map((tensor) => toMetadata(tensor, plan)),
      outputs: plan.outputs.map((tensor) => toMetadata(tensor, plan)),
    }),
    statistics: () => statistics.snapshot({ name: config.name, version }),
    failures: () => statistics.failures(),
    async [Symbol.asyncDispose]() {
      await scheduler.drained();
      await Promise.all(instances.map((instance) => instance[Symbol.asyncDispose]()));
    },
  };
}

function batchingOf({ dynamic_batching: batcher, max_batch_size }: ModelConfig): FormBatch {
  if (batcher === undefined || max_batch_size === 0) return formSingle;
  return formDynamicBatch({
    maxBatchSize: max_batch_size,
    preferredBatchSizes: batcher.preferred_batch_size,
    maxQueueDelay: ns(fromMs(batcher.max_queue_delay_microseconds) / 1e3),
  });
}

function pickOutputs(
  request: InferRequest,
  { outputs, plan, labels }: Pick<ServeOptions, 'plan' | 'labels'> & { readonly outputs: readonly Tensor[] },
): InferOutput[] {
  if (request.outputs.length === 0) return outputs.map(toOutput);
  return request.outputs.flatMap((requested) => {
    const output = outputs[plan.outputIndex.get(requested.name) ?? -1];
    if (output === undefined) return [];
    const classCount = classCountOf(requested, output.datatype);
    if (classCount === 0) return [toOutput(output)];
    const isBatching = plan.maxBatchSize > 0;
    return [toOutput(classify(output, { classCount, isBatching, labels: labels.get(requested.name) }))];
  });
}

const toOutput = ({ name, datatype, shape, data }: Tensor): InferOutput => ({
  name,
  datatype,
  shape,
  data,
  parameters: noParameters,
});

const toMetadata = ({ name, datatype, dims }: PlannedTensor, plan: TensorPlan): TensorMetadata => ({
  name,
  datatype,
  shape: plan.maxBatchSize > 0 ? [-1, ...dims] : dims,
});
