import type { Nanoseconds } from '../../core/units.js';
import type { InferResponseStatistics } from '../../protocol/statistics.js';

/** When one response of a decoupled model came to be. */
export interface ResponseTimes {
  /** The model began with it: its batch started, or it had sent the response before. */
  readonly start: Nanoseconds;
  /** The model sent it. */
  readonly sentAt: Nanoseconds;
}

type Totals = {
  -readonly [Name in keyof InferResponseStatistics]: { count: number; ns: number };
};

/** Models may send without end; what comes behind so many responses of a request is not told apart any more, nor counted. */
const mostIndexes = 1024;

const newTotals = (): Totals => ({
  compute_infer: { count: 0, ns: 0 },
  compute_output: { count: 0, ns: 0 },
  success: { count: 0, ns: 0 },
  fail: { count: 0, ns: 0 },
  empty_response: { count: 0, ns: 0 },
  cancel: { count: 0, ns: 0 },
});

/** What the responses of decoupled models took, by their place among those of their request (v2 protocol, 7, `response_stats`). */
export class ResponseStatistics {
  readonly #byIndex: Totals[] = [];

  /** A response that the model computed: from its begin to when it was sent, and from there to `end`. */
  record(index: number, { start, sentAt, end }: ResponseTimes & { readonly end: Nanoseconds }, isError: boolean): void {
    this.#add(index, 'compute_infer', sentAt - start);
    this.#add(index, 'compute_output', end - sentAt);
    this.#add(index, isError ? 'fail' : 'success', end - start);
  }

  /** Adds to one total alone: for what is no response that a model computed. */
  recordOnly(index: number, what: 'fail' | 'empty_response' | 'cancel', ns: number): void {
    this.#add(index, what, ns);
  }

  snapshot(): Record<string, InferResponseStatistics> {
    return Object.fromEntries(this.#byIndex.map((totals, index) => [index, structuredClone(totals)]));
  }

  #add(index: number, name: keyof Totals, ns: number): void {
    if (index >= mostIndexes) return;
    while (this.#byIndex.length <= index) this.#byIndex.push(newTotals());
    const total = this.#byIndex[index]?.[name];
    if (total === undefined) return;
    total.count++;
    total.ns += ns;
  }
}

/** Counts the responses of one request as they come. */
export class ResponseLog {
  readonly #statistics: ResponseStatistics;
  #next = 0;
  /** When the last response had been handed over. */
  #lastEnd: Nanoseconds | undefined;

  constructor(statistics: ResponseStatistics) {
    this.#statistics = statistics;
  }

  /** @param times of a response of which they are known */
  take(kind: 'outputs' | 'error' | 'end', times: ResponseTimes | undefined, end: Nanoseconds): void {
    const index = this.#next++;
    const { start, sentAt } = times ?? { start: end, sentAt: end };
    if (kind === 'end') this.#statistics.recordOnly(index, 'empty_response', sentAt - start);
    else this.#statistics.record(index, { start, sentAt, end }, kind === 'error');
    this.#lastEnd = end;
  }

  /** The request ended while the model had it. @param start of its execution */
  fail(what: 'fail' | 'cancel', start: Nanoseconds, end: Nanoseconds): void {
    // There is nothing to clean up behind a client that gave up.
    const ns = what === 'cancel' ? 0 : end - Math.max(start, this.#lastEnd ?? start);
    this.#statistics.recordOnly(this.#next++, what, Math.max(0, ns));
  }
}
