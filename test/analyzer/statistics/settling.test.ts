import test from 'ava';
import { meanOf } from '../../../analyzer/statistics/autocorrelation.js';
import { mserCut } from '../../../analyzer/statistics/mser-cut.js';
import { settle } from '../../../analyzer/statistics/settle.js';
import { judgeSteadiness } from '../../../analyzer/statistics/steadiness.js';
import { type Course, trace } from '../../helpers/traces.js';

const traces = 200;
const tolerance = 0.1;

const all = <T>(course: Course, judge: (index: number, values: Float64Array, warmUp: number) => T): T[] =>
  Array.from({ length: traces }, (_, index) => {
    const { values, warmUp } = trace(course, index);
    return judge(index, values, warmUp);
  });

test('mserCut leaves out the first batches of a step, exactly', (t) => {
  const series = [...new Array(15).fill(9), ...new Array(100).fill(1)];
  t.is(mserCut(series), 15);
  t.is(mserCut(new Array(100).fill(1)), 0);
  t.is(mserCut([]), 0);
});

test('mserCut of 200 steps is within 5 batches of the truth', (t) => {
  all('step', (index, values, warmUp) => {
    const cut = mserCut(values);
    t.true(Math.abs(cut - warmUp) <= 25, `trace ${index}: cut ${cut}, truth ${warmUp}`);
  });
});

for (const course of ['ramp', 'decay'] as const) {
  test(`settle of 200 ${course}s leaves a mean within 5 % of the truth`, (t) => {
    all(course, (index, values) => {
      const mean = meanOf(values.subarray(settle(values, tolerance).cut));
      t.true(Math.abs(mean - 1) < 0.05, `trace ${index}: ${mean}`);
    });
  });
}

test('mserCut leaves at least half of a series that never settles', (t) => {
  const falling = Float64Array.from({ length: 400 }, (_, index) => 1000 - index);
  t.is(mserCut(falling, { leniency: 0 }), 200);
});

const settled = (course: Course) => all(course, (_, values) => settle(values, tolerance).steadiness.verdict);

for (const course of ['drift', 'oscillation'] as const) {
  test(`settle calls none of 200 traces with a ${course} steady`, (t) => {
    const verdicts = settled(course);
    t.false(verdicts.includes('steady'));
    t.true(verdicts.filter((verdict) => verdict === 'not-steady').length > traces / 2, JSON.stringify(verdicts));
  });
}

for (const course of ['flat', 'step', 'ramp', 'decay'] as const) {
  test(`settle calls few of 200 traces that are flat after a ${course} not steady`, (t) => {
    const verdicts = settled(course);
    const count = (wanted: string): number => verdicts.filter((verdict) => verdict === wanted).length;
    t.true(count('not-steady') <= 8, `${count('not-steady')} not steady`);
    t.true(count('steady') >= traces / 4, `${count('steady')} steady`);
  });
}

test('judgeSteadiness of a line and of a wave says which it is', (t) => {
  const line = Float64Array.from({ length: 400 }, (_, index) => 100 + index + (index % 3));
  const wave = Float64Array.from({ length: 400 }, (_, index) => 100 + 20 * Math.sin(index / 30));
  const [drift, oscillation] = [judgeSteadiness(line, tolerance), judgeSteadiness(wave, tolerance)];
  t.is(drift.verdict === 'not-steady' && drift.reason, 'drift');
  t.is(oscillation.verdict === 'not-steady' && oscillation.reason, 'oscillation');
  t.deepEqual(judgeSteadiness([1, 2, 3], tolerance), { verdict: 'undecided' });
});
