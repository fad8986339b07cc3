import test from 'ava';
import { studentQuantile } from '../../../analyzer/statistics/distributions.js';
import { boundaries, endlessAlpha, lookPlan } from '../../../analyzer/statistics/look-plan.js';
import { seededRandom } from '../../../src/core/random.js';
import { normals } from '../../helpers/latency-truth.js';

test('lookPlan goes from start to end and spends all of alpha', (t) => {
  const looks = lookPlan({ start: 2, end: 15 }, 0.05);
  t.deepEqual(
    looks.map(({ at }) => at),
    [2, 3, 4.5, 6.75, 10.125, 15],
  );
  t.true(looks.every(({ alpha }) => alpha > 0));
  t.true(looks.reduce((sum, { alpha }) => sum + alpha, 0) > 0.055, 'more than what a union bound would have');
  const [only] = lookPlan({ start: 5, end: 5 }, 0.05);
  t.true(Math.abs((only?.alpha ?? 0) - 0.05) < 1e-6);
});

test("boundaries are those that were published for five looks at Pocock's spending function", (t) => {
  // Of `ldBounds` (R package ldbounds), two-sided, 5 %: Lan and DeMets' program has them to 1e-4.
  const published = [2.438, 2.4268, 2.4101, 2.3966, 2.3859];
  const found = boundaries([0.2, 0.4, 0.6, 0.8, 1], (share) => 0.05 * Math.log(1 + (Math.E - 1) * share));
  for (const [index, bound] of found.entries()) {
    t.true(Math.abs(bound - (published[index] ?? 0)) < 3e-4, `look ${index}: ${bound}`);
  }
});

test('endlessAlpha adds up to alpha', (t) => {
  let sum = 0;
  for (let look = 1; look < 10_000; look++) sum += endlessAlpha(look, 0.01);
  t.true(sum < 0.01 && sum > 0.0099);
});

test('the looks of a plan miss the truth together as rarely as one look may, and looks without a plan do not', (t) => {
  const normal = normals(seededRandom(5));
  const looks = lookPlan({ start: 20, end: 1000 }, 0.05);
  const z = (alpha: number): number => studentQuantile(1 - alpha / 2, 1e6);
  const limits = looks.map(({ at, alpha }) => ({ at: Math.round(at), planned: z(alpha), plain: z(0.05) }));
  const runs = 2000;
  let planned = 0;
  let plain = 0;
  for (let run = 0; run < runs; run++) {
    let [sum, count] = [0, 0];
    let [misses, plainMisses] = [false, false];
    for (const limit of limits) {
      for (; count < limit.at; count++) sum += normal();
      const standardised = Math.abs(sum) / Math.sqrt(count);
      misses ||= standardised > limit.planned;
      plainMisses ||= standardised > limit.plain;
    }
    planned += Number(misses);
    plain += Number(plainMisses);
  }
  t.true(planned / runs <= 0.05 + 4 * Math.sqrt((0.05 * 0.95) / runs), String(planned / runs));
  t.true(plain / runs > 0.1, String(plain / runs));
});
