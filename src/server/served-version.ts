import type { Clock } from '../core/clock.js';
import { fromMs, ns, toMs } from '../core/units.js';
import type { InferRequest, InferResponse } from '../protocol/infer.js';
import type { ModelMetadata } from '../protocol/metadata.js';
import type { ModelConfig } from '../protocol/model-config.js';
import type { ModelStatistics } from '../protocol/statistics.js';
import type { Tensor } from '../protocol/tensor.js';
import { answerOf } from './answer-of.js';
import type { Backend, ModelInstance, PartialResponse } from './backends/backend.js';
import type { CrashCount } from './backends/crash-count.js';
import { type Recall, recallFrom, recallNothing } from './cache/infer-through-cache.js';
import type { ResponseCache } from './cache/response-cache.js';
import { isDecoupled } from './config/is-decoupled.js';
import type { OutputLabels } from './config/read-labels.js';
import type { SequencePlan } from './config/sequence-plan.js';
import type { TensorPlan } from './config/tensor-plan.js';
import type { StreamOptions } from './inference-service.js';
import { Leases } from './leases.js';
import type { PartialAnswer } from './partial-answer.js';
import { RefusalError } from './refusal.js';
import { type FormBatch, formDynamicBatch, formSingle } from './scheduling/form-batch.js';
import { queueOf } from './scheduling/queue-of.js';
import { type RequestScheduler, Scheduler } from './scheduling/scheduler.js';
import { SequenceScheduler } from './scheduling/sequences/sequence-scheduler.js';
import { strategyOf } from './scheduling/sequences/strategy-of.js';
import { type RequestEnd, WaitingRequest } from './scheduling/waiting-request.js';
import type { FailureCounts } from './statistics/failure-reason.js';
import { ResponseLog } from './statistics/response-statistics.js';
import type { ExecutionTimes, KeptMetrics, VersionStatistics } from './statistics/version-statistics.js';
import { validateRequest } from './validate-request.js';
import { describeVersion } from './version-metadata.js';

/** A loaded version of a model: it validates, schedules, executes and counts. */
export interface ServedVersion extends AsyncDisposable {
  readonly version: string;
  readonly config: ModelConfig;
  readonly pendingCount: number;
  /** From the begin of its load until it was ready. */
  readonly loadSeconds: number;
  /** `onExecuted` is told the times of the execution that a successful request was part of, before the answer. */
  infer(
    request: InferRequest,
    signal?: AbortSignal,
    onExecuted?: (times: ExecutionTimes) => void,
  ): Promise<InferResponse>;
  /** Only of a decoupled model. Resolves after the last answer; rejects when the request failed before its end. */
  readonly inferStream?: (request: InferRequest, options: StreamOptions) => Promise<void>;
  /** Keeps the version from ending until the function that it returns is called. */
  lease(): () => void;
  metadata(versions: readonly string[]): ModelMetadata;
  statistics(): ModelStatistics;
  failures(): FailureCounts;
  readonly kept: KeptMetrics;
  /** Only of a model with instances: a version that differs from it in them alone goes on counting there. */
  readonly counters?: VersionStatistics;
}

export interface ServeOptions {
  readonly version: string;
  /** Completed, normalised and validated. */
  readonly config: ModelConfig;
  readonly plan: TensorPlan;
  /** What instances run: `plan`, and behind it what the server adds. */
  readonly execution: TensorPlan;
  readonly labels: OutputLabels;
  /** Only for a model with `sequence_batching`. */
  readonly sequences: SequencePlan | undefined;
  readonly backend: Backend;
  /** At least one; owned from here on. */
  readonly instances: readonly ModelInstance[];
  /** Loaded, and never used; owned from here on. */
  readonly passive: readonly ModelInstance[];
  /** Those of the instances. */
  readonly crashes: CrashCount;
  readonly clock: Clock;
  /** `undefined` = the server has none. */
  readonly cache: ResponseCache | undefined;
  /** What its instances did before it serves is in them. */
  readonly statistics: VersionStatistics;
  readonly loadSeconds: number;
  /** Called once, when the last instance is lost and the version cannot serve any more. */
  readonly onDead: (reason: string) => void;
}

/** Disposal first answers every accepted request, then ends the instances. */
export function serveVersion(options: ServeOptions): ServedVersion {
  const { version, config, plan, labels, backend, instances, clock, statistics } = options;
  const leases = new Leases();
  const recall = recallOf(options);
  const scheduler = schedulerOf(options);
  options.crashes.whenTooMany((reason) => scheduler.giveUp(reason));
  const inferStream = async (request: InferRequest, { signal, onAnswer }: StreamOptions): Promise<void> => {
    const valid = validateRequest(request, plan);
    backend.checkRequest(valid);
    const enqueuedAt = clock.now();
    const responses = new ResponseLog(statistics.responses);
    let hasAnswered = false;
    const respond = (response: PartialResponse) => {
      if (!hasAnswered && response.kind !== 'end') {
        hasAnswered = true;
        statistics.kept.firstResponses?.observe(toMs(ns(clock.now() - enqueuedAt)));
      }
      const answer =
        response.kind === 'outputs'
          ? answerTo(request, response, { name: config.name, version, plan, labels })
          : response;
      const taken = onAnswer(answer);
      responses.take(answer.kind === 'response' ? 'outputs' : answer.kind, response.times, clock.now());
      return taken;
    };
    await new Promise<unknown>((resolve, reject) => {
      const options = { enqueuedAt, end: { resolve, reject }, signal, origin: request, respond, responses };
      scheduler.enqueue(new WaitingRequest(valid, options));
    });
  };
  return {
    version,
    config,
    loadSeconds: options.loadSeconds,
    get pendingCount() {
      return scheduler.pendingCount;
    },
    async infer(request, signal, onExecuted) {
      const valid = validateRequest(request, plan);
      backend.checkRequest(valid);
      const compute = () =>
        new Promise<readonly Tensor[]>((resolve, reject) => {
          const end: RequestEnd = {
            resolve: (tensors, times) => {
              onExecuted?.(times);
              resolve(tensors);
            },
            reject,
          };
          scheduler.enqueue(new WaitingRequest(valid, { enqueuedAt: clock.now(), end, signal, origin: request }));
        });
      const outputs = await recall(request, valid.inputs, compute);
      return answerOf(request, { name: config.name, version, outputs, plan, labels });
    },
    ...(isDecoupled(config) ? { inferStream } : {}),
    lease: () => leases.take(),
    metadata: (versions) => describeVersion(config, plan, versions),
    statistics: () => statistics.snapshot({ name: config.name, version }),
    failures: () => statistics.failures(),
    kept: statistics.kept,
    counters: statistics,
    async [Symbol.asyncDispose]() {
      await leases.allReturned();
      await scheduler.drained();
      await Promise.all([...instances, ...options.passive].map((instance) => instance[Symbol.asyncDispose]()));
    },
  };
}

/** A response as the client asked for it; one that cannot be given so is an error. */
function answerTo(
  request: InferRequest,
  { outputs, isFinal }: Extract<PartialResponse, { kind: 'outputs' }>,
  version: Omit<Parameters<typeof answerOf>[1], 'outputs'>,
): PartialAnswer {
  try {
    return { kind: 'response', response: answerOf(request, { ...version, outputs }), isFinal };
  } catch (thrown) {
    if (!(thrown instanceof RefusalError)) throw thrown;
    return { kind: 'error', refusal: thrown, isFinal };
  }
}

const recallOf = ({ config, cache, clock, statistics }: ServeOptions): Recall =>
  cache !== undefined && config.response_cache?.enable === true
    ? recallFrom(cache, { clock, statistics })
    : recallNothing;

function schedulerOf(options: ServeOptions): RequestScheduler {
  const { config, sequences, execution, instances, clock, statistics, onDead } = options;
  const { dynamic_batching: batcher, sequence_batching: sequenceBatcher } = config;
  if (sequences !== undefined && sequenceBatcher !== undefined) {
    return new SequenceScheduler({
      modelName: config.name,
      plan: sequences,
      execution,
      isIterative: sequenceBatcher.iterative_sequence,
      strategy: strategyOf(sequenceBatcher, config.max_batch_size),
      maxIdle: ns(sequenceBatcher.max_sequence_idle_microseconds * 1e3),
      instances,
      clock,
      statistics,
      onDead,
    });
  }
  return new Scheduler({
    plan: execution,
    instances,
    formBatch: batchingOf(config),
    queue: queueOf(batcher),
    clock,
    statistics,
    preserveOrdering: batcher?.preserve_ordering ?? false,
    onDead,
  });
}

function batchingOf({ dynamic_batching: batcher, max_batch_size }: ModelConfig): FormBatch {
  if (batcher === undefined || max_batch_size === 0) return formSingle;
  return formDynamicBatch({
    maxBatchSize: max_batch_size,
    preferredBatchSizes: batcher.preferred_batch_size,
    maxQueueDelay: ns(fromMs(batcher.max_queue_delay_microseconds) / 1e3),
  });
}
