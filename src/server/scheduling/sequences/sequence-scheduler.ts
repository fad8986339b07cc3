import type { Clock } from '../../../core/clock.js';
import { type Nanoseconds, ns } from '../../../core/units.js';
import type { ModelInstance } from '../../backends/backend.js';
import type { PlannedControl, SequencePlan } from '../../config/sequence-plan.js';
import type { TensorPlan } from '../../config/tensor-plan.js';
import type { SequenceId } from '../../read-sequence.js';
import { cancellation, RefusalError } from '../../refusal.js';
import type { FailureReason } from '../../statistics/failure-reason.js';
import type { VersionStatistics } from '../../statistics/version-statistics.js';
import { Alarm } from '../alarm.js';
import type { FormBatch } from '../form-batch.js';
import { type RequestScheduler, Scheduler } from '../scheduler.js';
import type { WaitingRequest } from '../waiting-request.js';
import { Sequence } from './sequence.js';
import { SequenceInstance, statesBefore } from './sequence-instance.js';
import { SequenceQueue } from './sequence-queue.js';

/** How the requests of an instance's sequences become batches (model configuration, ModelSequenceBatching). */
export interface SequenceStrategy {
  readonly kind: 'direct' | 'oldest';
  /** Sequences that an instance serves at a time. */
  readonly slotCount: number;
  readonly formBatch: FormBatch;
  readonly preserveOrdering: boolean;
}

export interface SequenceSchedulerOptions {
  readonly modelName: string;
  readonly plan: SequencePlan;
  /** The execution plan of `plan`, and whatever else the server makes of a batch. */
  readonly execution: TensorPlan;
  readonly strategy: SequenceStrategy;
  /** Each request is a sequence of its own, and its model may ask to run it again (`iterative_sequence`). */
  readonly isIterative: boolean;
  /** How long a sequence may have nothing to do before it is ended. */
  readonly maxIdle: Nanoseconds;
  readonly instances: readonly ModelInstance[];
  readonly clock: Clock;
  readonly statistics: VersionStatistics;
  /** Called once, when the last instance is lost. */
  readonly onDead: (reason: string) => void;
}

/** An instance with its slots. */
interface Lane {
  readonly queue: SequenceQueue;
  readonly scheduler: Scheduler;
  isDead: boolean;
}

/**
 * The sequence batcher (model configuration, 7.3): requests of one sequence go to the same slot of the same instance, in
 * order. Sequences that find all slots taken wait, whole, in the backlog.
 *
 *     START -> backlog -> slot -> END, idle for too long, or given up by the client: the slot is free
 */
export class SequenceScheduler implements RequestScheduler {
  readonly #options: SequenceSchedulerOptions;
  readonly #lanes: readonly Lane[];
  /** Sequences that take more requests, in a slot or in the backlog. */
  readonly #open = new Map<SequenceId, Sequence>();
  readonly #laneOf = new WeakMap<Sequence, Lane>();
  readonly #backlog: Sequence[] = [];
  /** For sequences that are idle, and those whose time in the backlog is limited. */
  readonly #alarm: Alarm;
  #deathReason: string | undefined;
  #isDraining = false;
  #lastIterativeId = 0n;

  constructor(options: SequenceSchedulerOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, () => this.#look());
    this.#lanes = options.instances.map((instance) => this.#newLane(instance));
  }

  get pendingCount(): number {
    const inBacklog = this.#backlog.reduce((count, { requests }) => count + requests.length, 0);
    return this.#lanes.reduce((count, { queue }) => count + queue.waitingCount, inBacklog);
  }

  enqueue(request: WaitingRequest): void {
    if (this.#options.isIterative) request.sequence = { id: this.#nextId(), isStart: true, isEnd: false };
    const objection = this.#objectionTo(request);
    if (objection !== undefined) request.end.reject(new RefusalError('invalid-argument', objection));
    else if (this.#deathReason !== undefined) this.#fail(request, new RefusalError('unavailable', this.#deathReason));
    else if (request.isCancelled) this.#cancel(request);
    else this.#accept(request);
  }

  /** Of the type that the model's control tensor has. */
  #nextId(): SequenceId {
    this.#lastIterativeId++;
    const isText = this.#options.plan.controls.some(({ kind, tensor }) => kind === 'id' && tensor.datatype === 'BYTES');
    return isText ? String(this.#lastIterativeId) : this.#lastIterativeId;
  }

  async drained(): Promise<void> {
    this.#isDraining = true;
    for (const sequence of this.#seated()) if (sequence.isIdle) this.#close(sequence);
    do await Promise.all(this.#lanes.map(({ scheduler }) => scheduler.drained()));
    while (this.#backlog.length > 0 || this.#lanes.some(({ scheduler }) => scheduler.inFlight > 0));
    this.#alarm.set(never);
  }

  #newLane(instance: ModelInstance): Lane {
    const { plan, execution, strategy, isIterative, clock, statistics } = this.#options;
    const queue = new SequenceQueue({
      slotCount: strategy.slotCount,
      order: strategy.kind === 'direct' ? 'slot' : 'turn',
      stateKeyOf: (sequence, request) =>
        plan.hasVariableState ? shapesOf(statesBefore(plan, sequence, request.sequence)) : '',
      onFree: () => this.#fill(lane),
      onClosed: (sequence) => this.#forget(sequence),
      onIdle: (sequence) => this.#watchIdle(sequence),
    });
    const scheduler = new Scheduler({
      plan: execution,
      instances: [
        new SequenceInstance(instance, { plan, queue, keepsRows: strategy.kind === 'direct', isIterative, clock }),
      ],
      formBatch: strategy.formBatch,
      queue,
      clock,
      statistics,
      preserveOrdering: strategy.preserveOrdering,
      onDead: (reason) => this.#lose(lane, reason),
    });
    const lane: Lane = { queue, scheduler, isDead: false };
    return lane;
  }

  /** Why a request cannot be part of a sequence: such requests are not accepted and count nowhere. */
  #objectionTo({ batchSize, sequence: mark }: WaitingRequest): string | undefined {
    const { modelName, plan } = this.#options;
    const to = `to model '${modelName}'`;
    if (batchSize > 1) {
      return `inference request ${to} must specify batch-size 1 due to requirements of sequence batcher`;
    }
    if (mark === undefined) return `inference request ${to} must specify a non-zero or non-empty correlation ID`;
    if (!mark.isStart && !this.#open.has(mark.id)) {
      return (
        `inference request for sequence ${mark.id} ${to} must specify the START flag on the first request of the ` +
        'sequence'
      );
    }
    const misfit = plan.controls.find((control) => !fits(mark.id, control));
    if (misfit === undefined) return undefined;
    return `inference request for sequence ${mark.id} ${to} must have a correlation ID of type ${misfit.tensor.datatype}`;
  }

  #accept(request: WaitingRequest): void {
    const { id = '', isEnd = false } = request.sequence ?? {};
    const sequence = this.#open.get(id) ?? this.#begin(id);
    if (isEnd) this.#open.delete(id);
    const lane = this.#laneOf.get(sequence);
    if (lane === undefined) this.#hold(sequence, request);
    else lane.scheduler.enqueue(request);
  }

  /** Takes the first slot that is free over all instances, so that they fill evenly; without one, the backlog. */
  #begin(id: SequenceId): Sequence {
    const sequence = new Sequence(id, this.#options.clock.now());
    this.#open.set(id, sequence);
    let best: { readonly lane: Lane; readonly slot: number } | undefined;
    for (const lane of this.#lanes) {
      const slot = lane.isDead ? undefined : lane.queue.freeSlot;
      if (slot !== undefined && (best === undefined || slot < best.slot)) best = { lane, slot };
    }
    if (best === undefined) this.#backlog.push(sequence);
    else this.#seat(sequence, best.lane, best.slot);
    return sequence;
  }

  #seat(sequence: Sequence, lane: Lane, slot: number): void {
    this.#laneOf.set(sequence, lane);
    lane.queue.seat(sequence, slot);
  }

  #hold(sequence: Sequence, request: WaitingRequest): void {
    sequence.push(request);
    request.watch(this.#dropHeld);
    if (request.timeout === 0) return;
    sequence.expiresAt = ns(Math.min(sequence.expiresAt, this.#options.clock.now() + request.timeout));
    this.#alarm.set(sequence.expiresAt);
  }

  /** Gives free slots to the sequences that have waited longest. */
  #fill(lane: Lane): void {
    const slot = lane.isDead ? undefined : lane.queue.freeSlot;
    if (slot === undefined) return;
    const sequence = this.#backlog.shift();
    if (sequence === undefined) return;
    const { isOpen } = sequence;
    this.#seat(sequence, lane, slot);
    for (const request of sequence.requests.splice(0)) {
      request.stopWatching();
      lane.scheduler.enqueue(request);
    }
    if (!isOpen) lane.queue.close(sequence);
  }

  /** The client gave up a request before it was here: its sequence lacks a step. */
  #cancel(request: WaitingRequest): void {
    const sequence = this.#open.get(request.sequence?.id ?? '');
    if (sequence !== undefined) this.#close(sequence);
    this.#fail(request, cancellation(), 'CANCELED');
  }

  /** The client gave up a request that waits in the backlog. */
  readonly #dropHeld = (request: WaitingRequest): void => {
    const sequence = this.#backlog.find(({ requests }) => requests.includes(request));
    if (sequence === undefined) return;
    for (const dropped of sequence.drop(request)) this.#fail(dropped, cancellation(), 'CANCELED');
    if (!sequence.isOpen) this.#forget(sequence);
    if (sequence.requests.length === 0) this.#backlog.splice(this.#backlog.indexOf(sequence), 1);
  };

  #close(sequence: Sequence): void {
    sequence.isOpen = false;
    this.#forget(sequence);
    this.#laneOf.get(sequence)?.queue.close(sequence);
  }

  #forget(sequence: Sequence): void {
    if (this.#open.get(sequence.id) === sequence) this.#open.delete(sequence.id);
  }

  #seated(): readonly Sequence[] {
    return this.#lanes.flatMap(({ queue }) => queue.sequences);
  }

  #watchIdle(sequence: Sequence): void {
    if (this.#isDraining) this.#close(sequence);
    else this.#alarm.set(ns(sequence.idleSince + this.#options.maxIdle));
  }

  /** Ends what has been idle, and gives up what has been in the backlog, for too long. */
  #look(): void {
    const now = this.#options.clock.now();
    let next: number = never;
    for (const sequence of this.#seated()) {
      if (!sequence.isIdle) continue;
      const deadline = sequence.idleSince + this.#options.maxIdle;
      if (now >= deadline) this.#close(sequence);
      else next = Math.min(next, deadline);
    }
    for (const sequence of [...this.#backlog]) {
      if (now >= sequence.expiresAt) this.#expire(sequence);
      else next = Math.min(next, sequence.expiresAt);
    }
    this.#alarm.set(ns(next));
  }

  #expire(sequence: Sequence): void {
    this.#forget(sequence);
    this.#backlog.splice(this.#backlog.indexOf(sequence), 1);
    const refusal = new RefusalError('unavailable', 'timeout of the corresponding sequence has been expired');
    for (const request of sequence.requests.splice(0)) this.#fail(request, refusal, 'REJECTED');
  }

  giveUp(reason: string): void {
    for (const { scheduler } of this.#lanes) scheduler.giveUp(reason);
  }

  #lose(lane: Lane, reason: string): void {
    lane.isDead = true;
    if (this.#lanes.some(({ isDead }) => !isDead)) return;
    this.#deathReason = reason;
    const refusal = new RefusalError('unavailable', reason);
    for (const sequence of this.#backlog.splice(0)) {
      for (const request of sequence.requests.splice(0)) this.#fail(request, refusal);
    }
    this.#open.clear();
    this.#alarm.set(never);
    this.#options.onDead(reason);
  }

  /** Answers a request that never reached an instance's queue. */
  #fail(request: WaitingRequest, refusal: RefusalError, reason: FailureReason = 'OTHER'): void {
    request.stopWatching();
    this.#options.statistics.recordFailure(this.#options.clock.now() - request.enqueuedAt, reason);
    request.end.reject(refusal);
  }
}

const never = ns(Number.POSITIVE_INFINITY);

const shapesOf = (tensors: readonly { readonly shape: readonly number[] }[]): string =>
  tensors.map(({ shape }) => `|${shape}`).join('');

const largest = { UINT64: 2n ** 64n, INT64: 2n ** 63n, UINT32: 2n ** 32n, INT32: 2n ** 31n };

/** Whether the model's control tensor can carry the id without a change. */
function fits(id: SequenceId, { kind, tensor }: PlannedControl): boolean {
  if (kind !== 'id') return true;
  if (tensor.datatype === 'BYTES') return typeof id === 'string';
  return typeof id === 'bigint' && id < (largest[tensor.datatype as keyof typeof largest] ?? 0n);
}
