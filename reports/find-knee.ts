import type { Knee } from '../src/core/knee.js';

/** One sentence. */
export function describeKnee({ concurrency, low, high, throughput, isReached }: Knee): string {
  const most = `the highest throughput is ${figure(throughput)} infer/s`;
  if (!isReached) return `Knee: not reached, throughput still grew at the end of the range; ${most}.`;
  const interval = low === undefined || high === undefined ? '' : ` (${figure(low)} to ${figure(high)} at 95 %)`;
  return `Knee: throughput is saturated from concurrency ${figure(concurrency)}${interval} on, capacity x latency at light load (Denning and Buzen, 1978); ${most}.`;
}

const figure = (value: number): string => String(Number(value.toPrecision(3)));
