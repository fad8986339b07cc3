import { type CompareOptions, compareRuns, usualFalseAlarms, usualRunNoise } from '../analyzer/compare/compare-runs.js';
import type { Change } from '../src/core/comparison.js';
import { type Random, seededRandom } from '../src/core/random.js';
import type { Run } from '../src/core/run.js';
import { type Figures, runWith, simulatedRun } from '../test/helpers/noisy-runs.js';
import { driftingNoise, lightNoise, recordedNoise } from '../test/helpers/recorded-noise.js';

const pairs = 1000;
const runsEach = 10;

/** As `perf-analyze compare` does unless told otherwise. */
export function usualComparison(base: readonly Run[], next: readonly Run[]): Change[] {
  const options: CompareOptions = {
    thresholds: [],
    sameWithin: 0.05,
    falseAlarms: usualFalseAlarms(base, next),
    runNoise: usualRunNoise,
  };
  return compareRuns(base, next, options);
}

/** False alarms between runs of the same, with recorded and with simulated noise, and how often a shift of 5 % is found. */
export async function benchCompare(): Promise<void> {
  const random = seededRandom(2026);
  const simulated = (shift: number) => (): Run => simulatedRun(random, 0.02, shift);
  const kinds = {
    'noise recorded on a busy machine': from(recordedNoise, random),
    'noise recorded while the load on the machine changed (11 %)': from(driftingNoise, random),
    'noise recorded on a machine with little else to do (2.7 %)': from(lightNoise, random),
    'normal noise of 2 %': simulated,
  };
  console.log(`${pairs} pairs of ${runsEach} and ${runsEach} runs, 4 figures each, any regression counts:`);
  for (const [noise, runs] of Object.entries(kinds)) {
    console.log(
      `${noise}: A/A ${alarms(runs(1), runs(1))} false alarms; 5 % slower: ${alarms(runs(1), runs(1.05))} found`,
    );
  }
}

/** Makes runs of recorded figures, so many times slower. */
const from = (recorded: readonly Figures[], random: Random) => (shift: number) => (): Run => {
  const { throughput, meanMs, p50Ms, p99Ms } = drawn(recorded, random);
  return runWith({
    throughput: throughput / shift,
    meanMs: meanMs * shift,
    p50Ms: p50Ms * shift,
    p99Ms: p99Ms * shift,
  });
};

/** Of all pairs, those with a regression. */
function alarms(base: () => Run, next: () => Run): number {
  const runs = (make: () => Run): Run[] => Array.from({ length: runsEach }, make);
  let count = 0;
  for (let pair = 0; pair < pairs; pair++) {
    if (usualComparison(runs(base), runs(next)).some(({ isRegression }) => isRegression)) count++;
  }
  return count;
}

function drawn(recorded: readonly Figures[], random: Random): Figures {
  const figures = recorded[Math.floor(random() * recorded.length)];
  if (figures === undefined) throw new Error('there is noise');
  return figures;
}
