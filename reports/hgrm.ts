import type { Load } from '../src/core/load.js';
import { levelValue, loadName } from '../src/core/load-name.js';
import type { Run } from '../src/core/run.js';
import { latencyHistogram } from './latency-histogram.js';
import { turnsOf } from './turns.js';

/** The latencies of one level. */
export interface HgrmFile {
  /** Of the level, as a part of a file name, such as `concurrency-4`. */
  readonly name: string;
  readonly text: string;
}

/** How many lines of the distribution each halving of what is above it has; HdrHistogram's own choice. */
const ticksPerHalfDistance = 5;

/**
 * The percentile distribution of each level with a valid answer, in milliseconds, as HdrHistogram writes it (`.hgrm`) and
 * its plotter reads it.
 */
export const hgrmFiles = ({ levels }: Run): HgrmFile[] =>
  [...turnsOf(levels)]
    .filter(([{ summary }]) => summary.requests > 0)
    .map(([{ load, summary }, turn]) => ({
      name: `${fileName(load)}${turn > 1 ? `-turn-${turn}` : ''}`,
      text: latencyHistogram(summary).outputPercentileDistribution(ticksPerHalfDistance, 1e6),
    }));

/** The value of a level is written with all its digits. */
const fileName = (load: Load): string => {
  const [kind = ''] = loadName(load).split(/ \d/);
  return `${kind.replaceAll(' ', '-')}-${levelValue(load)}`;
};
