import { type Nanoseconds, ns } from '../../src/core/units.js';

/**
 * When the valid answers of a level came, and their latencies, in the order in which they were told: what intervals need beyond
 * histograms. It remembers the last ones only, so that memory stays bounded.
 */
export interface SampleLog {
  record(answeredAt: Nanoseconds, latency: Nanoseconds): void;
  /** Those answered from `from` until before `to`, as far as they are remembered. */
  between(from: Nanoseconds, to: Nanoseconds): Samples;
}

export interface Samples {
  readonly latenciesMs: Float64Array;
  /** The seconds between each answer and the one before; the first follows the beginning of the stretch, or what is forgotten. */
  readonly gapsSeconds: Float64Array;
}

/** Eight megabytes. */
const remembered = 2 ** 19;
const firstSize = 2 ** 12;

export function createSampleLog(limit = remembered): SampleLog {
  let answeredAt = new Float64Array(Math.min(limit, firstSize));
  let latencies = new Float64Array(answeredAt.length);
  let count = 0;

  const grow = (): void => {
    const size = Math.min(limit, answeredAt.length * 2);
    const [olderTimes, olderLatencies] = [answeredAt, latencies];
    answeredAt = new Float64Array(size);
    latencies = new Float64Array(size);
    answeredAt.set(olderTimes);
    latencies.set(olderLatencies);
  };

  const timeOf = (index: number): Nanoseconds => ns(answeredAt[index % limit] ?? 0);

  return {
    record: (at, latency) => {
      if (count === answeredAt.length && count < limit) grow();
      answeredAt[count % limit] = at;
      latencies[count % limit] = latency;
      count++;
    },
    between: (from, to) => {
      const oldest = Math.max(0, count - limit);
      const start = firstFrom(oldest, count, (index) => timeOf(index) >= from);
      const end = firstFrom(start, count, (index) => timeOf(index) >= to);
      const begin = start === oldest && oldest > 0 ? start + 1 : start; // the gap to what is forgotten is not known
      const samples = { latenciesMs: new Float64Array(end - begin), gapsSeconds: new Float64Array(end - begin) };
      let before = begin === start ? from : timeOf(start);
      for (let index = begin; index < end; index++) {
        samples.latenciesMs[index - begin] = (latencies[index % limit] ?? 0) / 1e6;
        samples.gapsSeconds[index - begin] = (timeOf(index) - before) / 1e9;
        before = timeOf(index);
      }
      return samples;
    },
  };
}

/** The first index for which a monotone condition holds. */
function firstFrom(start: number, end: number, holds: (index: number) => boolean): number {
  let low = start - 1;
  let high = end;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
