import { decodeFromCompressedBase64, type JsHistogram } from 'hdr-histogram-js';
import type { Measured } from '../../src/core/run.js';

/** Windows joined to one stretch of time, each as often as its weight says. */
export interface PooledWindows {
  readonly durationMs: number;
  readonly inferences: number;
  readonly requests: number;
  readonly latencySumMs: number;
  /** NaN without a request. */
  readonly percentileMs: (percent: number) => number;
}

/** Prepares windows for being joined many times. */
export function windowPool(windows: readonly Measured[]): (weights: Uint32Array) => PooledWindows {
  const histograms = windows.map(({ histogram }) => decodeFromCompressedBase64(histogram, 32, false) as JsHistogram);
  const { values, counts } = tabulate(histograms);
  return (weights) => {
    const sum = (of: (window: Measured) => number): number =>
      windows.reduce((total, window, index) => total + (weights[index] ?? 0) * of(window), 0);
    const requests = sum((window) => window.requests);
    const joined = joinCounts(counts, weights, values.length);
    return {
      durationMs: sum(({ durationMs }) => durationMs),
      inferences: sum(({ throughput, durationMs }) => (throughput * durationMs) / 1000),
      requests,
      latencySumMs: sum(({ latency, requests: answered }) => answered * (latency?.meanMs ?? 0)),
      percentileMs: (percent) => percentileOf(percent, values, joined) / 1e6,
    };
  };
}

interface Tabulated {
  /** Nanoseconds, rising: every value that some window has, as the largest one that its histogram does not tell from it. */
  readonly values: readonly number[];
  /** Of each window, for each of the values. */
  readonly counts: readonly Uint32Array[];
}

function tabulate(histograms: readonly JsHistogram[]): Tabulated {
  const recorded = histograms.map(recordedValues);
  const values = [...new Set(recorded.flatMap((each) => [...each.keys()]))].sort((left, right) => left - right);
  return { values, counts: recorded.map((each) => Uint32Array.from(values, (value) => each.get(value) ?? 0)) };
}

/** How often each value is in a histogram. */
function recordedValues(histogram: JsHistogram): Map<number, number> {
  const found = new Map<number, number>();
  const { recordedValuesIterator: iterator } = histogram;
  iterator.reset();
  while (iterator.hasNext()) {
    const { valueIteratedTo, countAddedInThisIterationStep } = iterator.next();
    found.set(valueIteratedTo, countAddedInThisIterationStep);
  }
  return found;
}

function joinCounts(counts: readonly Uint32Array[], weights: Uint32Array, size: number): Float64Array {
  const joined = new Float64Array(size);
  for (const [window, own] of counts.entries()) {
    const weight = weights[window] ?? 0;
    if (weight === 0) continue;
    for (let index = 0; index < size; index++) joined[index] = (joined[index] ?? 0) + weight * (own[index] ?? 0);
  }
  return joined;
}

/** The smallest value that so many per cent do not exceed. */
function percentileOf(percent: number, values: readonly number[], counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const wanted = Math.max(1, Math.ceil((percent / 100) * total - 1e-9));
  let seen = 0;
  for (const [index, count] of counts.entries()) {
    seen += count;
    if (seen >= wanted) return values[index] ?? Number.NaN;
  }
  return Number.NaN;
}
