import type { Knee } from '../../src/core/knee.js';
import type { SweptLoadSettings } from '../../src/core/load.js';
import { levelValue } from '../../src/core/load-name.js';
import type { Level } from '../../src/core/run.js';
import { loadAt } from '../load/level-range.js';
import type { Sweep } from '../load/sweep.js';
import { type ClosedLoopLevel, saturationPoint } from '../statistics/saturation-point.js';

/** Throughput has stopped growing when twice the concurrency brought less than this, twice in a row. */
const growth = 1.05;
const flatLevels = 2;

/** Doubles the concurrency until throughput stops growing or the range ends, and then measures the knee itself. */
export function* kneeSweep(load: SweptLoadSettings): Sweep {
  const { start, end } = load.range;
  const levels: Level[] = [];
  for (let concurrency = start; concurrency <= end && !isFlat(levels); concurrency *= 2) {
    const { level, isWithinLimit } = yield loadAt(load, concurrency);
    if (level === undefined || !isWithinLimit) return;
    levels.push(level);
  }
  const knee = kneeOfLevels(levels, 1);
  if (knee === undefined || !knee.isReached) return;
  const nearest = Math.max(start, Math.round(knee.concurrency));
  if (nearest < end && !levels.some((level) => levelValue(level.load) === nearest)) yield loadAt(load, nearest);
}

/** The throughput of the last levels is not above what was reached before them. */
function isFlat(levels: readonly Level[]): boolean {
  const before = levels.slice(0, -flatLevels).map(({ summary }) => summary.throughput);
  return (
    before.length > 0 &&
    levels.slice(-flatLevels).every(({ summary }, index) => {
      const earlier = [
        ...before,
        ...levels
          .slice(-flatLevels)
          .slice(0, index)
          .map((level) => level.summary.throughput),
      ];
      return summary.throughput < growth * Math.max(...earlier);
    })
  );
}

/** What the levels of a run say together, in whatever order they are; absent without a valid answer. */
export function kneeOfLevels(levels: readonly Level[], batchSize: number): Knee | undefined {
  const usable = levels
    .filter(({ summary, verdict }) => summary.latency !== undefined && verdict.kind !== 'invalid')
    .toSorted((left, right) => levelValue(left.load) - levelValue(right.load));
  const point = saturationPoint(usable.map((level) => closedLoop(level, batchSize)));
  if (point === undefined) return undefined;
  return {
    concurrency: point.concurrency,
    ...point.interval,
    throughput: Math.max(...usable.map(({ summary }) => summary.throughput)),
    isReached: isFlat(usable),
  };
}

function closedLoop({ load, summary, certainty }: Level, batchSize: number): ClosedLoopLevel {
  const { throughput, meanMs } = certainty ?? {};
  return {
    concurrency: levelValue(load),
    rate: summary.throughput / batchSize,
    meanSeconds: (summary.latency?.meanMs ?? 0) / 1000,
    ...(throughput && { rateInterval: { low: throughput.low / batchSize, high: throughput.high / batchSize } }),
    ...(meanMs && { meanInterval: { low: meanMs.low / 1000, high: meanMs.high / 1000 } }),
  };
}
