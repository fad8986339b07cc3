import { type CompareOptions, compareRuns } from '../analyzer/compare/compare-runs.js';
import { type Random, seededRandom } from '../src/core/random.js';
import type { Run } from '../src/core/run.js';
import { runWith, simulatedRun } from '../test/helpers/noisy-runs.js';
import { recordedNoise } from '../test/helpers/recorded-noise.js';

const pairs = 1000;
const runsEach = 10;
/** What `perf-analyze compare` takes unless told otherwise. */
export const usualComparison: CompareOptions = { thresholds: [], sameWithin: 0.05, falseAlarms: 0.005 };

/** False alarms between runs of the same, with recorded and with simulated noise, and how often a shift of 5 % is found. */
export async function benchCompare(): Promise<void> {
  const random = seededRandom(2026);
  const recorded = (): Run => runWith(drawn(random));
  const quiet = (shift: number) => (): Run => simulatedRun(random, 0.02, shift);
  console.log(`${pairs} pairs of ${runsEach} and ${runsEach} runs, 4 figures each, any regression counts:`);
  console.log(`A/A, recorded noise: ${alarms(recorded, recorded)} false alarms`);
  console.log(`A/A, noise of 2 %: ${alarms(quiet(1), quiet(1))} false alarms`);
  console.log(`5 % slower, noise of 2 %: ${alarms(quiet(1), quiet(1.05))} found`);
}

/** Of all pairs, those with a regression. */
function alarms(base: () => Run, next: () => Run): number {
  const runs = (make: () => Run): Run[] => Array.from({ length: runsEach }, make);
  let count = 0;
  for (let pair = 0; pair < pairs; pair++) {
    if (compareRuns(runs(base), runs(next), usualComparison).some(({ isRegression }) => isRegression)) count++;
  }
  return count;
}

function drawn(random: Random): (typeof recordedNoise)[number] {
  const figures = recordedNoise[Math.floor(random() * recordedNoise.length)];
  if (figures === undefined) throw new Error('there is noise');
  return figures;
}
