import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/perf-error.js';
import { type Nanoseconds, ns } from '../../core/units.js';
import type { Tensor } from '../../protocol/tensor.js';
import type { ModelInstance } from '../backends/backend.js';
import type { TensorPlan } from '../config/tensor-plan.js';
import { cancellation, RefusalError } from '../refusal.js';
import type { FailureReason } from '../statistics/failure-reason.js';
import type { ExecutionTimes, VersionStatistics } from '../statistics/version-statistics.js';
import { Alarm } from './alarm.js';
import type { FormBatch } from './form-batch.js';
import { type Station, Stations } from './stations.js';
import type { WaitingQueue } from './waiting-queue.js';
import type { WaitingRequest } from './waiting-request.js';

/** Takes requests and answers every one of them. */
export interface RequestScheduler {
  /** Requests that wait and are in no batch yet. */
  readonly pendingCount: number;
  enqueue(request: WaitingRequest): void;
  /** Resolves when every accepted request is answered. No more are to be enqueued. */
  drained(): Promise<void>;
  /** Refuses what waits and what comes: no instance is to run anything any more. */
  giveUp(reason: string): void;
}

export interface SchedulerOptions {
  readonly plan: TensorPlan;
  readonly instances: readonly ModelInstance[];
  readonly formBatch: FormBatch;
  /** Empty; owned from here on. */
  readonly queue: WaitingQueue;
  readonly clock: Clock;
  readonly statistics: VersionStatistics;
  /** Releases answers in the order of arrival even if a later batch ends first. */
  readonly preserveOrdering: boolean;
  /** Called once, when the last instance is lost. */
  readonly onDead: (reason: string) => void;
}

/** An answer that is ready; the release decides when the client gets it. */
type Answer =
  | {
      readonly ok: true;
      readonly outputs: readonly Tensor[];
      readonly times: ExecutionTimes;
      /** The client was told why, in the last response of a decoupled model: the request failed all the same. */
      readonly hasFailed?: boolean;
    }
  | { readonly ok: false; readonly refusal: RefusalError; readonly reason: FailureReason };

/**
 * Brings waiting requests and idle instances together. When an instance is idle, `formBatch` decides what it runs;
 * everything else here is bookkeeping: cancelled and expired requests, statistics, order of answers, lost instances.
 */
export class Scheduler implements RequestScheduler {
  readonly #options: SchedulerOptions;
  readonly #queue: WaitingQueue;
  readonly #stations: Stations;
  /** Requests in order of arrival with their answers, kept only to preserve ordering. */
  readonly #unreleased = new Map<WaitingRequest, Answer | undefined>();
  #liveInstances: number;
  #deathReason: string | undefined;
  #inFlight = 0;
  /** For requests that are held and requests that expire. */
  readonly #alarm: Alarm;
  /** For instances that will soon be idle. */
  readonly #aheadAlarm: Alarm;
  #onDrained: (() => void) | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#queue = options.queue;
    this.#alarm = new Alarm(options.clock, () => this.#dispatch());
    this.#aheadAlarm = new Alarm(options.clock, () => this.#dispatch(), ns(2e6));
    this.#stations = new Stations(options.instances, { mayHandAhead: options.queue.isFixed });
    this.#liveInstances = options.instances.length;
  }

  get pendingCount(): number {
    return this.#queue.length;
  }

  /** Requests that were accepted and have no answer yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  enqueue(request: WaitingRequest): void {
    if (this.#deathReason === undefined && !request.isCancelled && !this.#admit(request)) return;
    this.#inFlight++;
    if (this.#options.preserveOrdering) this.#unreleased.set(request, undefined);
    if (this.#deathReason !== undefined) {
      this.#answer(request, failed(new RefusalError('unavailable', this.#deathReason), 'OTHER'));
    } else if (request.isCancelled) {
      this.#answer(request, cancelled);
    } else {
      request.hasLeft = false;
      this.#dispatch();
      if (!request.hasLeft) request.watch(this.#drop); // To listen for an abort costs more than to schedule.
    }
  }

  /** Puts the request into the queue, or refuses it at once: then it was never accepted and holds nobody's answer. */
  #admit(request: WaitingRequest): boolean {
    this.#expire();
    if (this.#queue.push(request)) return true;
    this.#options.statistics.recordQueueFull();
    request.end.reject(new RefusalError('unavailable', 'Exceeds maximum queue size'));
    return false;
  }

  drained(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  readonly #drop = (request: WaitingRequest): void => {
    const dropped = this.#queue.remove(request);
    if (dropped.length === 0) return;
    for (const each of dropped) {
      each.stopWatching();
      this.#answer(each, cancelled);
    }
    this.#dispatch();
  };

  /** A request that ran, and that the queue has again; its client may have given it up meanwhile. */
  #watchAgain(request: WaitingRequest | undefined): void {
    request?.watch(this.#drop);
    if (request?.isCancelled) this.#drop(request);
  }

  /** Costs no look at the clock when nothing can expire. */
  #expire(): void {
    if (this.#queue.nextDeadline === never) return;
    for (const request of this.#queue.expire(this.#options.clock.now())) {
      request.stopWatching();
      this.#answer(request, expired);
    }
  }

  #dispatch(): void {
    this.#expire();
    const heldUntil = this.#startBatches();
    this.#alarm.set(ns(Math.min(heldUntil, this.#queue.nextDeadline)));
  }

  /** @returns until when the rest is held back while an instance is idle; infinite when nothing is */
  #startBatches(): Nanoseconds {
    let again: Nanoseconds | undefined;
    while (again === undefined) again = this.#startBatch();
    return again;
  }

  /** @returns `undefined` when it started one */
  #startBatch(): Nanoseconds | undefined {
    const offer = this.#queue.length > 0 ? this.#stations.next() : undefined;
    if (offer === undefined) return never;
    const { station, from } = offer;
    const now = this.#options.clock.now();
    if (now < from) {
      this.#aheadAlarm.set(from);
      return never;
    }
    const decision = this.#options.formBatch(this.#queue, now);
    const isIdle = station.batches === 0;
    if (decision.kind === 'wait' && isIdle) return decision.until;
    if (decision.kind !== 'send' || (!isIdle && !decision.isFull)) return never;
    this.#stations.hand(station, now);
    const requests = this.#queue.take(decision.count);
    for (const request of requests) request.stopWatching();
    void this.#run(station, { requests, start: now });
    return undefined;
  }

  /** Never rejects. The instance gets its next batch before the answers of this one go out. */
  async #run(
    station: Station,
    { requests, start }: { readonly requests: readonly WaitingRequest[]; readonly start: Nanoseconds },
  ): Promise<void> {
    const { plan, clock, statistics } = this.#options;
    try {
      const execution = await station.instance.execute({ plan, requests });
      const { computeStart, computeEnd, outputs, failures, rescheduled, ends, start: turn = start } = execution;
      const times = { start: ns(Math.max(start, turn)), computeStart, computeEnd, end: clock.now() };
      for (const index of rescheduled ?? []) this.#watchAgain(requests[index]);
      this.#release(station, times.end, ns(computeEnd - times.start));
      const size = batchSizeOf(requests);
      const open = sizeOf(failures, requests) + sizeOf(rescheduled, requests);
      statistics.recordExecution(times, size, ends === undefined ? size - open : 0);
      requests.forEach((request, index) => {
        const failure = failures?.get(index);
        if (rescheduled?.has(index)) return;
        if (failure !== undefined) this.#answer(request, failed(failure, 'BACKEND'));
        else if (ends === undefined) this.#answer(request, { ok: true, outputs: outputs[index] ?? [], times });
        else void this.#answerAtEnd(request, ends[index], times);
      });
    } catch (thrown) {
      this.#release(station, clock.now());
      const refusal = thrown instanceof RefusalError ? thrown : new RefusalError('internal', messageOf(thrown));
      for (const request of requests) this.#answer(request, failed(refusal, 'BACKEND'));
    }
  }

  /** Never rejects. */
  async #answerAtEnd(
    request: WaitingRequest,
    end: Promise<RefusalError | undefined> | undefined,
    times: ExecutionTimes,
  ): Promise<void> {
    const { clock, statistics } = this.#options;
    try {
      const hasFailed = (await end) !== undefined;
      if (!hasFailed) statistics.recordInferences(request.batchSize);
      this.#answer(request, { ok: true, outputs: [], times, hasFailed });
    } catch (thrown) {
      const refusal = thrown instanceof RefusalError ? thrown : new RefusalError('internal', messageOf(thrown));
      const isCancelled = refusal.reason === 'cancelled';
      request.responses?.fail(isCancelled ? 'cancel' : 'fail', times.start, clock.now());
      this.#answer(request, failed(refusal, isCancelled ? 'CANCELED' : 'BACKEND'));
    }
  }

  #release(station: Station, now: Nanoseconds, computed?: Nanoseconds): void {
    const { recovery } = station.instance;
    if (recovery !== undefined) this.#awaitRecovery(station, recovery);
    this.#stations.finish(station, now, computed);
    if (recovery === undefined) this.#dispatch();
  }

  #awaitRecovery(station: Station, recovery: Promise<void>): void {
    if (!this.#stations.suspend(station)) return;
    recovery.then(
      () => {
        this.#stations.resume(station);
        this.#dispatch();
      },
      (thrown) => this.#lose(messageOf(thrown)),
    );
  }

  #lose(reason: string): void {
    this.#liveInstances--;
    if (this.#liveInstances === 0) this.giveUp(reason);
  }

  giveUp(reason: string): void {
    if (this.#deathReason !== undefined) return;
    this.#deathReason = reason;
    this.#options.onDead(reason);
    for (const request of this.#queue.clear()) {
      request.stopWatching();
      this.#answer(request, failed(new RefusalError('unavailable', reason), 'OTHER'));
    }
    this.#alarm.set(never);
    this.#aheadAlarm.set(never);
  }

  #answer(request: WaitingRequest, answer: Answer): void {
    if (!this.#options.preserveOrdering) {
      this.#settle(request, answer);
      return;
    }
    this.#unreleased.set(request, answer);
    for (const [oldest, ready] of this.#unreleased) {
      if (ready === undefined) return;
      this.#unreleased.delete(oldest);
      this.#settle(oldest, ready);
    }
  }

  #settle(request: WaitingRequest, answer: Answer): void {
    const { clock, statistics } = this.#options;
    const end = clock.now();
    if (answer.ok) {
      if (answer.hasFailed) statistics.recordFailure(end - request.enqueuedAt, 'BACKEND');
      else statistics.recordSuccess({ enqueuedAt: request.enqueuedAt, end }, answer.times);
      request.end.resolve(answer.outputs, answer.times);
    } else {
      statistics.recordFailure(end - request.enqueuedAt, answer.reason);
      request.end.reject(answer.refusal);
    }
    this.#inFlight--;
    if (this.#inFlight === 0) this.#onDrained?.();
  }
}

const never = ns(Number.POSITIVE_INFINITY);

const failed = (refusal: RefusalError, reason: FailureReason): Answer => ({ ok: false, refusal, reason });

const cancelled = failed(cancellation(), 'CANCELED');
const expired = failed(new RefusalError('unavailable', 'Request timeout expired'), 'REJECTED');

/** Rows of the requests at some places of a batch. */
function sizeOf(
  places: ReadonlyMap<number, unknown> | ReadonlySet<number> | undefined,
  requests: readonly WaitingRequest[],
): number {
  let size = 0;
  for (const index of places?.keys() ?? []) size += requests[index]?.batchSize ?? 0;
  return size;
}

function batchSizeOf(requests: readonly WaitingRequest[]): number {
  let size = 0;
  for (const request of requests) size += request.batchSize;
  return size;
}
