import test from 'ava';
import { kneeOf } from '../../reports/knee.js';
import type { Level } from '../../src/core/run.js';
import { levelFixture } from '../helpers/run-fixture.js';

const level = (concurrency: number, throughput: number, latencyMs: number) => {
  const made = levelFixture({ concurrency, latenciesMs: [latencyMs] });
  return { ...made, summary: { ...made.summary, throughput } };
};

test('kneeOf is where throughput for its latency is largest', (t) => {
  const levels = [level(1, 100, 10), level(2, 195, 10.5), level(3, 200, 15), level(4, 200, 20)];
  t.is(kneeOf(levels), levels[1]);
  const [one, two, three, four] = levels as [Level, Level, Level, Level];
  t.is(kneeOf([four, one, three, two]), two, 'in the order of a search');
});

test('kneeOf is absent when the load never got too much, or too little is known', (t) => {
  t.is(kneeOf([level(1, 100, 10), level(2, 200, 10), level(3, 300, 10)]), undefined);
  t.is(kneeOf([level(1, 100, 10), level(2, 100, 20)]), undefined);
});

test('kneeOf does not look at levels that cannot be relied on', (t) => {
  const odd = { ...level(2, 5000, 0.1), stability: { stable: false, reason: 'throughput' } as const };
  const levels = [level(1, 100, 10), odd, level(3, 195, 10.5), level(4, 200, 20)];
  t.is(kneeOf(levels), levels[2]);
});
