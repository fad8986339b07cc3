import { type Nanoseconds, ns } from '../../core/units.js';
import type { ModelInstance } from '../backends/backend.js';

/** Work that a busy instance may have when it is handed more: so long may a request wait that nobody can take back. */
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
  isFit: boolean;
}

/**
 * Who gets the next batch. An instance that is idle comes first. One that is busy may be handed batches ahead while all
 * that it has takes a few milliseconds: it then turns from one to the next without waiting for the thread that does
 * I/O, whose way there and back (two wake-ups, some 50 us) is longer than a small model computes.
 */
export class Stations {
  readonly #all: State[];
  /** The last one that became idle comes first: its caches are warm. */
  readonly #idle: State[];
  readonly #mayHandAhead: boolean;
  #meanNs: number | undefined;

  /** @param options.mayHandAhead whether a batch may be out of reach before its turn */
  constructor(instances: readonly ModelInstance[], options: { readonly mayHandAhead: boolean }) {
    this.#all = instances.map((instance) => ({ instance, batches: 0, isFit: true }));
    this.#idle = [...this.#all];
    this.#mayHandAhead = options.mayHandAhead;
  }

  /** The station that should get the next batch; `undefined` = none. */
  get next(): Station | undefined {
    return this.#idle.at(-1) ?? (this.#mayHandAhead ? this.#leastBusy() : undefined);
  }

  /** Notes that the station was handed a batch. */
  hand(station: Station): void {
    const state = station as State;
    if (state.batches === 0) this.#idle.splice(this.#idle.indexOf(state), 1);
    state.batches++;
  }

  /** Notes that it answered one, after so long a computation if it computed at all. */
  finish(station: Station, computed?: Nanoseconds): void {
    const state = station as State;
    state.batches--;
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

  #leastBusy(): Station | undefined {
    if (this.#meanNs === undefined) return undefined;
    const budget = this.#all.length === 1 ? aheadBudget.onlyInstance : aheadBudget.oneOfSeveral;
    let least: State | undefined;
    for (const state of this.#all) {
      if (!state.isFit || state.instance.takesAhead !== true || state.batches > mostAhead) continue;
      if (least === undefined || state.batches < least.batches) least = state;
    }
    return least !== undefined && least.batches * this.#meanNs <= budget ? least : undefined;
  }
}
