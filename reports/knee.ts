import { levelValue } from '../src/core/load-name.js';
import type { Level } from '../src/core/run.js';

/**
 * The level with the largest power, throughput over mean latency (Kleinrock 1979): up to it, more load mostly brings more
 * throughput; behind it, mostly more waiting. `undefined` when fewer than three levels are stable and valid, and when it is the
 * largest of them, behind which nothing was measured.
 */
export function kneeOf(levels: readonly Level[]): Level | undefined {
  const measured = levels
    .filter(
      ({ summary, stability, verdict }) =>
        summary.latency !== undefined && stability.stable && verdict.kind !== 'invalid',
    )
    .sort((left, right) => levelValue(left.load) - levelValue(right.load));
  if (measured.length < 3) return undefined;
  const powerOf = ({ summary }: Level): number =>
    summary.throughput / (summary.latency?.meanMs ?? Number.POSITIVE_INFINITY);
  const knee = measured.reduce((best, level) => (powerOf(level) > powerOf(best) ? level : best));
  return knee === measured.at(-1) ? undefined : knee;
}
