import type { Nanoseconds } from '../../core/units.js';
import type { InferBatchStatistics, ModelStatistics } from '../../protocol/statistics.js';
import type { ModelReference } from '../inference-service.js';
import type { FailureCounts, FailureReason } from './failure-reason.js';
import type { Histogram } from './histogram.js';
import type { LatencySummaries } from './latency-summary.js';
import { ResponseStatistics } from './response-statistics.js';

/** When a batch began, computed and ended. */
export interface ExecutionTimes {
  readonly start: Nanoseconds;
  readonly computeStart: Nanoseconds;
  readonly computeEnd: Nanoseconds;
  readonly end: Nanoseconds;
}

interface Ended {
  readonly enqueuedAt: Nanoseconds;
  readonly end: Nanoseconds;
}

interface Total {
  count: number;
  ns: number;
}

interface ComputeTotals {
  readonly compute_input: Total;
  readonly compute_infer: Total;
  readonly compute_output: Total;
}

const newTotal = (): Total => ({ count: 0, ns: 0 });
const newComputeTotals = (): ComputeTotals => ({
  compute_input: newTotal(),
  compute_infer: newTotal(),
  compute_output: newTotal(),
});

function add(total: Total, ns: number): void {
  total.count++;
  total.ns += ns;
}

/** What is kept beside the statistics, for `/metrics` alone; each is `undefined` when it is not. */
export interface KeptMetrics {
  readonly summaries?: LatencySummaries | undefined;
  /** From a request's arrival to its first response, in milliseconds; of decoupled models. */
  readonly firstResponses?: Histogram | undefined;
}

/** The statistics extension of one model version (v2 protocol, 7): cumulative since the version was loaded. */
export class VersionStatistics {
  readonly #perRequest = { ...newComputeTotals(), success: newTotal(), fail: newTotal(), queue: newTotal() };
  readonly #cache = { cache_hit: newTotal(), cache_miss: newTotal() };
  readonly #perBatchSize = new Map<number, ComputeTotals>();
  readonly #failures = { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 };
  #lastInferenceMs = 0;
  #inferenceCount = 0;
  #executionCount = 0;
  /** Of a decoupled model; empty otherwise. */
  readonly responses = new ResponseStatistics();
  readonly kept: KeptMetrics;

  constructor(kept: KeptMetrics = {}) {
    this.kept = kept;
  }

  /** Counts one execution of `batchSize` rows, of which so many are of requests that it answered. */
  recordExecution(times: ExecutionTimes, batchSize: number, answered = batchSize): void {
    this.#executionCount++;
    this.#inferenceCount += answered;
    this.#lastInferenceMs = Date.now();
    let totals = this.#perBatchSize.get(batchSize);
    if (totals === undefined) {
      totals = newComputeTotals();
      this.#perBatchSize.set(batchSize, totals);
    }
    addCompute(totals, times);
  }

  /** Rows that were answered after their execution had ended. */
  recordInferences(rows: number): void {
    this.#inferenceCount += rows;
  }

  /** A request that ends well: it is charged the whole compute time of its batch. */
  recordSuccess(request: Ended, times: ExecutionTimes): void {
    add(this.#perRequest.success, request.end - request.enqueuedAt);
    add(this.#perRequest.queue, times.start - request.enqueuedAt);
    addCompute(this.#perRequest, times);
    if (this.kept.summaries !== undefined) recordLatencies(this.kept.summaries, request, times);
  }

  /** A request that the cache answers: it succeeds without a time in queue or model. */
  recordCacheHit(lookupNs: number): void {
    add(this.#cache.cache_hit, lookupNs);
    add(this.#perRequest.success, lookupNs);
    add(this.#perRequest.queue, 0);
    const { summaries } = this.kept;
    summaries?.cache_hit.record(lookupNs);
    summaries?.request.record(lookupNs);
    summaries?.queue.record(0);
  }

  /** A request that the cache does not answer; beside what else is recorded of it. */
  recordCacheMiss(lookupAndInsertNs: number): void {
    add(this.#cache.cache_miss, lookupAndInsertNs);
    this.kept.summaries?.cache_miss.record(lookupAndInsertNs);
  }

  /** A request that fails after it was accepted, in the queue or in the model. */
  recordFailure(totalNs: number, reason: FailureReason): void {
    this.#failures[reason]++;
    add(this.#perRequest.fail, totalNs);
  }

  /**
   * A request that found the queue full. It was never accepted, so the statistics extension leaves it out (v2 protocol,
   * 7, `fail`); it counts as REJECTED all the same, which Triton does not do, since an overload that no metric shows
   * is of no help (model configuration, 7.2 "Queue policy").
   */
  recordQueueFull(): void {
    this.#failures.REJECTED++;
  }

  failures(): FailureCounts {
    return { ...this.#failures };
  }

  snapshot({ name, version }: ModelReference): ModelStatistics {
    const { success, fail, queue, ...compute } = this.#perRequest;
    return {
      name,
      version,
      last_inference: this.#lastInferenceMs,
      inference_count: this.#inferenceCount,
      execution_count: this.#executionCount,
      inference_stats: {
        success: { ...success },
        fail: { ...fail },
        queue: { ...queue },
        ...copyCompute(compute),
        cache_hit: { ...this.#cache.cache_hit },
        cache_miss: { ...this.#cache.cache_miss },
      },
      response_stats: this.responses.snapshot(),
      batch_stats: this.#batchStatistics(),
      memory_usage: [],
    };
  }

  #batchStatistics(): InferBatchStatistics[] {
    return [...this.#perBatchSize]
      .toSorted(([left], [right]) => left - right)
      .map(([batch_size, totals]) => ({ batch_size, ...copyCompute(totals) }));
  }
}

function recordLatencies(summaries: LatencySummaries, { enqueuedAt, end }: Ended, times: ExecutionTimes): void {
  summaries.request.record(end - enqueuedAt);
  summaries.queue.record(times.start - enqueuedAt);
  summaries.compute_input.record(times.computeStart - times.start);
  summaries.compute_infer.record(times.computeEnd - times.computeStart);
  summaries.compute_output.record(times.end - times.computeEnd);
}

function addCompute(totals: ComputeTotals, times: ExecutionTimes): void {
  add(totals.compute_input, times.computeStart - times.start);
  add(totals.compute_infer, times.computeEnd - times.computeStart);
  add(totals.compute_output, times.end - times.computeEnd);
}

const copyCompute = (totals: ComputeTotals) => ({
  compute_input: { ...totals.compute_input },
  compute_infer: { ...totals.compute_infer },
  compute_output: { ...totals.compute_output },
});
