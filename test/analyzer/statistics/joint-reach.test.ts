import test from 'ava';
import { jointReach } from '../../../analyzer/statistics/joint-reach.js';
import { seededRandom } from '../../../src/core/random.js';

const options = (error: number) => ({ error, permutations: 4000, random: seededRandom(1) });

const noiseOf = (count: number, seed: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random() + random() + random());
};

test('jointReach of one figure is near that of Student', (t) => {
  const reaches = [1, 2, 3, 4, 5].map((seed) => jointReach([noiseOf(20, seed)], 10, options(0.05)) ?? 0);
  // t(0.975) with 18 degrees: 2.10
  for (const reach of reaches) t.true(Math.abs(reach - 2.1) < 0.15, String(reaches));
});

test('jointReach of figures that say the same is that of one of them, and larger for independent ones', (t) => {
  const figure = noiseOf(20, 3);
  const alone = jointReach([figure], 10, options(0.05)) ?? 0;
  const scaled = figure.map((value) => 5 - 3 * value);
  t.true(Math.abs((jointReach([figure, scaled], 10, options(0.05)) ?? 0) - alone) < 1e-9);
  const independent = [3, 4, 5, 6].map((seed) => noiseOf(20, seed));
  // t(1 - 0.025 / 4) with 18 degrees: 2.77
  const joint = jointReach(independent, 10, options(0.05)) ?? 0;
  t.true(joint > alone + 0.3 && joint < 2.95, `${alone} ${joint}`);
});

test('jointReach needs enough different deals of the runs, and bears figures without noise', (t) => {
  t.is(jointReach([noiseOf(12, 1)], 6, options(0.01)), undefined); // 924 deals
  t.not(jointReach([noiseOf(14, 1)], 7, options(0.01)), undefined); // 3432
  t.is(jointReach([new Array(20).fill(7)], 10, options(0.05)), 0);
  t.is(jointReach([], 10, options(0.05)), undefined);
});
