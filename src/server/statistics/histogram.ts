/** A bucket: how many values are at most `bound`. */
export interface HistogramBucket {
  /** Infinite for the last one. */
  readonly bound: number;
  readonly count: number;
}

/** A histogram as Prometheus knows it, cumulative since it was made. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** By bucket alone; the last one holds what is above all bounds. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds rising */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const index = this.#bounds.findIndex((bound) => value <= bound);
    const place = index < 0 ? this.#bounds.length : index;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sum += value;
  }

  get sum(): number {
    return this.#sum;
  }

  /** The last one has all values. */
  get buckets(): readonly HistogramBucket[] {
    let count = 0;
    return this.#counts.map((own, index) => {
      count += own;
      return { bound: this.#bounds[index] ?? Number.POSITIVE_INFINITY, count };
    });
  }
}
