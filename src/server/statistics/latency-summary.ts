import { Int32Histogram } from 'hdr-histogram-js';
import type { Clock } from '../../core/clock.js';
import { fromMs } from '../../core/units.js';

/** Quantiles are those of the last minute, in steps of a fifth of it, as the Prometheus library of Triton takes them. */
const sliceNs = fromMs(12_000);
const sliceCount = 5;
/** Of every value: within one percent. */
const significantDigits = 2;
const largestUs = 3_600_000_000;

/** The times of the last `sliceNs` and of those before, up to `sliceCount` of them. */
interface Slice {
  /** Which stretch of time it has; others lie a multiple of `sliceCount` before. */
  readonly index: number;
  readonly histogram: Int32Histogram;
}

/** A summary as Prometheus knows it, in whole microseconds: count and sum of all, quantiles of the last minute. */
class LatencySummary {
  readonly #clock: Clock;
  /** By their index modulo `sliceCount`. */
  readonly #slices = new Map<number, Slice>();
  #count = 0;
  #sumNs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  record(ns: number): void {
    this.#count++;
    this.#sumNs += ns;
    this.#current().recordValue(Math.min(largestUs, Math.max(0, Math.floor(ns / 1000))));
  }

  get count(): number {
    return this.#count;
  }

  get sumUs(): number {
    return Math.floor(this.#sumNs / 1000);
  }

  /** The values at quantiles from 0 to 1; NaN when nothing was recorded in the last minute. */
  quantiles(wanted: readonly number[]): number[] {
    const now = this.#index();
    const all = newHistogram();
    for (const { index, histogram } of this.#slices.values()) if (index > now - sliceCount) all.add(histogram);
    return wanted.map((quantile) => (all.totalCount === 0 ? Number.NaN : all.getValueAtPercentile(100 * quantile)));
  }

  #index(): number {
    return Math.floor(this.#clock.now() / sliceNs);
  }

  #current(): Int32Histogram {
    const index = this.#index();
    const place = index % sliceCount;
    const slice = this.#slices.get(place);
    if (slice?.index === index) return slice.histogram;
    slice?.histogram.reset();
    const histogram = slice?.histogram ?? newHistogram();
    this.#slices.set(place, { index, histogram });
    return histogram;
  }
}

const newHistogram = (): Int32Histogram => {
  const histogram = new Int32Histogram(1, 2, significantDigits);
  histogram.autoResize = true;
  return histogram;
};

/** What summaries there are, as the statistics name what they are of. */
const summaryKeys = [
  'request',
  'queue',
  'compute_input',
  'compute_infer',
  'compute_output',
  'cache_hit',
  'cache_miss',
] as const;

/** The summaries of one model version. */
export type LatencySummaries = Readonly<Record<(typeof summaryKeys)[number], LatencySummary>>;

export const newLatencySummaries = (clock: Clock): LatencySummaries =>
  Object.fromEntries(summaryKeys.map((key) => [key, new LatencySummary(clock)])) as LatencySummaries;
