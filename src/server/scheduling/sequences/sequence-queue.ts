import { type Nanoseconds, ns } from '../../../core/units.js';
import type { SequenceId } from '../../read-sequence.js';
import type { Batchable } from '../form-batch.js';
import type { WaitingQueue } from '../waiting-queue.js';
import type { WaitingRequest } from '../waiting-request.js';
import type { Sequence } from './sequence.js';

/** A request whose turn has come, and the slot it came from. */
export interface SequenceStep {
  readonly slot: number;
  readonly sequence: Sequence;
  readonly request: WaitingRequest;
}

export interface SequenceQueueOptions {
  readonly slotCount: number;
  /** In which order those whose turn has come are served: by their slots, or as their turns came. */
  readonly order: 'slot' | 'turn';
  /** Equal for sequences whose states may share a batch. */
  readonly stateKeyOf: (sequence: Sequence, request: WaitingRequest) => string;
  /** A slot has no sequence any more. May seat another one at once. */
  readonly onFree: () => void;
  /** A sequence takes no more requests. */
  readonly onClosed: (sequence: Sequence) => void;
  /** A sequence that may get more requests has none for now. */
  readonly onIdle: (sequence: Sequence) => void;
}

type Turn = SequenceStep & Batchable;

/**
 * The sequences of one instance. A sequence sits in a slot until it ends, and offers one request at a time: the next
 * one's turn comes when the one before is done.
 */
export class SequenceQueue implements WaitingQueue {
  readonly isFixed = false;
  readonly nextDeadline = ns(Number.POSITIVE_INFINITY);
  readonly #options: SequenceQueueOptions;
  /** Only as far as they were taken so far, since a configuration may allow billions. */
  readonly #slots: (Sequence | undefined)[] = [];
  readonly #open = new Map<SequenceId, Sequence>();
  /** Slots whose sequence has a request and none that runs, as their turns came. */
  #ready: number[] = [];
  #running: readonly SequenceStep[] = [];
  /** Derived from the above; made when it is asked for. */
  #turns: readonly Turn[] | undefined;

  constructor(options: SequenceQueueOptions) {
    this.#options = options;
  }

  get slotCount(): number {
    return this.#options.slotCount;
  }

  /** Requests whose turn has come. */
  get length(): number {
    return this.#ready.length;
  }

  /** All requests that wait, those behind others of their sequence too. */
  get waitingCount(): number {
    return this.sequences.reduce((count, { requests }) => count + requests.length, 0);
  }

  get sequences(): readonly Sequence[] {
    return this.#slots.filter((each) => each !== undefined);
  }

  /** What the instance took last. */
  get running(): readonly SequenceStep[] {
    return this.#running;
  }

  /** The first slot without a sequence; `undefined` when all have one. */
  get freeSlot(): number | undefined {
    const slot = this.#slots.indexOf(undefined);
    if (slot >= 0) return slot;
    return this.#slots.length < this.slotCount ? this.#slots.length : undefined;
  }

  at(index: number): Batchable | undefined {
    this.#turns ??= this.#inOrder();
    return this.#turns[index];
  }

  /** Gives a slot that is free to a sequence; its requests are pushed from then on. */
  seat(sequence: Sequence, slot: number): void {
    this.#slots[slot] = sequence;
    this.#open.set(sequence.id, sequence);
  }

  /** Takes the requests of sequences that have a slot. */
  push(request: WaitingRequest): boolean {
    const { id = '', isEnd = false } = request.sequence ?? {};
    const sequence = this.#open.get(id);
    if (sequence === undefined) throw new Error(`sequence ${id} has no slot`);
    sequence.push(request);
    if (isEnd) this.#open.delete(id);
    if (sequence.requests.length === 1 && !sequence.isRunning) this.#setReady(this.#slots.indexOf(sequence));
    return true;
  }

  take(count: number): WaitingRequest[] {
    this.#turns ??= this.#inOrder();
    const turns = this.#turns.slice(0, count);
    const taken = new Set(turns.map(({ slot }) => slot));
    this.#ready = this.#ready.filter((slot) => !taken.has(slot));
    this.#turns = undefined;
    this.#running = turns;
    for (const { sequence } of turns) {
      sequence.requests.shift();
      sequence.isRunning = true;
    }
    for (const { slot, sequence } of turns) this.#freeIfOver(slot, sequence);
    return turns.map(({ request }) => request);
  }

  /** What was taken is done, well or not: the next ones of these sequences may follow. */
  complete(now: Nanoseconds): void {
    const done = this.#running;
    this.#running = [];
    for (const { sequence } of done) {
      sequence.isRunning = false;
      sequence.idleSince = now;
    }
    for (const { slot, sequence } of done) {
      if (this.#slots[slot] !== sequence) continue;
      if (sequence.requests.length > 0) this.#setReady(slot);
      else this.#options.onIdle(sequence);
    }
  }

  /** Takes no more requests for a sequence; those that wait are served. */
  close(sequence: Sequence): void {
    sequence.isOpen = false;
    if (this.#open.get(sequence.id) === sequence) this.#open.delete(sequence.id);
    this.#options.onClosed(sequence);
    const slot = this.#slots.indexOf(sequence);
    if (slot >= 0) this.#freeIfOver(slot, sequence);
  }

  remove(request: WaitingRequest): readonly WaitingRequest[] {
    for (const [slot, sequence] of this.#slots.entries()) {
      const dropped = sequence?.drop(request) ?? [];
      if (sequence === undefined || dropped.length === 0) continue;
      this.#turns = undefined;
      this.#ready = this.#ready.filter((each) => each !== slot || sequence.requests.length > 0);
      if (!sequence.isOpen) this.close(sequence);
      return dropped;
    }
    return [];
  }

  expire(): WaitingRequest[] {
    return [];
  }

  clear(): WaitingRequest[] {
    const { sequences } = this;
    const requests = sequences.flatMap((sequence) => sequence.requests.splice(0));
    this.#slots.fill(undefined);
    this.#open.clear();
    this.#ready = [];
    this.#turns = undefined;
    for (const sequence of sequences) {
      sequence.isOpen = false;
      this.#options.onClosed(sequence);
    }
    return requests;
  }

  #setReady(slot: number): void {
    this.#ready.push(slot);
    this.#turns = undefined;
  }

  #freeIfOver(slot: number, sequence: Sequence): void {
    if (sequence.isOpen || sequence.requests.length > 0) return;
    this.#slots[slot] = undefined;
    this.#options.onFree();
  }

  #inOrder(): Turn[] {
    const slots = this.#options.order === 'slot' ? this.#ready.toSorted((left, right) => left - right) : this.#ready;
    const turns = slots.flatMap((slot) => this.#turnOf(slot));
    if (this.#options.order === 'turn') return turns;
    const isFirstKind = ({ shapeKey }: Turn) => shapeKey === turns[0]?.shapeKey;
    return [...turns.filter(isFirstKind), ...turns.filter((turn) => !isFirstKind(turn))];
  }

  #turnOf(slot: number): Turn[] {
    const sequence = this.#slots[slot];
    const request = sequence?.requests[0];
    if (sequence === undefined || request === undefined) return [];
    const { batchSize, enqueuedAt } = request;
    const shapeKey = request.shapeKey + this.#options.stateKeyOf(sequence, request);
    return [{ slot, sequence, request, batchSize, enqueuedAt, shapeKey }];
  }
}
