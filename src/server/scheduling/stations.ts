import { type Nanoseconds, ns } from '../../core/units.js';
import type { ModelInstance } from '../backends/backend.js';

/** What a busy instance may have left to do when it is handed more: so long may a request wait that nobody can take back. */
const aheadBudget = { onlyInstance: ns(5e6), oneOfSeveral: ns(1e6) };
const mostAhead = 32;
/** Weight of the last batch in the mean. */
const weight = 0.1;

/** An instance with what it was handed. */
export interface Station {
  readonly instance: ModelInstance;
  /** Batches that it was handed and did not answer. */
  readonly batches: number;
}

interface State extends Station {
  batches: number;
  /** When it began the batch that it runs. */
  since: Nanoseconds;
  isFit: boolean;
}

/** Somebody who may get a batch now, or in a while if nothing changes. */
interface Offer {
  readonly station: Station;
  readonly from: Nanoseconds;
}

/**
 * Who gets the next batch. An instance that is idle comes first. One that is busy may be handed batches ahead while all
 * that it has left takes a few milliseconds: it then turns from one to the next without waiting for the thread that does
 * I/O, whose way there and back (two wake-ups, some 50 us, ten times as much where a large model has emptied the caches) is
 * longer than a small model computes.
 */
export class Stations {
  readonly #all: State[];
  /** The last one that became idle comes first: its caches are warm. */
  readonly #idle: State[];
  readonly #mayHandAhead: boolean;
  #meanNs: number | undefined;

  /** @param options.mayHandAhead whether a batch may be out of reach before its turn */
  constructor(instances: readonly ModelInstance[], options: { readonly mayHandAhead: boolean }) {
    this.#all = instances.map((instance) => ({ instance, batches: 0, since: ns(0), isFit: true }));
    this.#idle = [...this.#all];
    this.#mayHandAhead = options.mayHandAhead;
  }

  /** The station that should get the next batch, and from when on; `undefined` = none, whatever the time. */
  next(): Offer | undefined {
    const station = this.#idle.at(-1);
    if (station !== undefined) return { station, from: ns(0) };
    return this.#mayHandAhead ? this.#firstToEnd() : undefined;
  }

  /** Notes that the station was handed a batch. */
  hand(station: Station, now: Nanoseconds): void {
    const state = station as State;
    if (state.batches === 0) {
      this.#idle.splice(this.#idle.indexOf(state), 1);
      state.since = now;
    }
    state.batches++;
  }

  /** Notes that it answered one, after so long a computation if it computed at all. */
  finish(station: Station, now: Nanoseconds, computed?: Nanoseconds): void {
    const state = station as State;
    state.batches--;
    state.since = now;
    if (computed !== undefined) this.#meanNs = (this.#meanNs ?? computed) * (1 - weight) + computed * weight;
    if (state.isFit && state.batches === 0) this.#idle.push(state);
  }

  /** Hands it no more until it is fit again. False when that was known. */
  suspend(station: Station): boolean {
    const state = station as State;
    if (!state.isFit) return false;
    state.isFit = false;
    const index = this.#idle.indexOf(state);
    if (index >= 0) this.#idle.splice(index, 1);
    return true;
  }

  resume(station: Station): void {
    const state = station as State;
    state.isFit = true;
    if (state.batches === 0) this.#idle.push(state);
  }

  #firstToEnd(): Offer | undefined {
    const meanNs = this.#meanNs;
    if (meanNs === undefined) return undefined;
    const budget = this.#all.length === 1 ? aheadBudget.onlyInstance : aheadBudget.oneOfSeveral;
    let first: { station: State; from: Nanoseconds } | undefined;
    for (const state of this.#all) {
      const rest = (state.batches - 1) * meanNs; // Of what it runs nothing may be left, however long it has run.
      if (!state.isFit || state.instance.takesAhead !== true || state.batches > mostAhead || rest > budget) continue;
      const from = ns(state.since + meanNs + rest - budget);
      if (first === undefined || from < first.from) first = { station: state, from };
    }
    return first;
  }
}
