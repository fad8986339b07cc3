import test from 'ava';
import { chancesOfBest, gainOver, judgeConstraint } from '../../searcher/verdict.js';
import { seededRandom } from '../../src/core/random.js';
import { throughputGoal } from '../helpers/fake-system.js';

const goal = throughputGoal(10);
const [limit] = goal.constraints;
const measured = (concurrency: number, ...pairs: readonly (readonly [throughput: number, p99: number])[]) => ({
  candidate: { concurrency },
  metrics: pairs.map(([perf_throughput, perf_latency_p99]) => ({ perf_throughput, perf_latency_p99 })),
});

test('judgeConstraint passes, fails, or says that it cannot decide', (t) => {
  if (limit === undefined) return t.fail();
  const certainty = (...p99: readonly number[]) =>
    judgeConstraint(limit, measured(1, ...p99.map((value) => [100, value] as const))).certainty;
  t.is(certainty(8, 8.1, 8.2), 'pass');
  t.is(certainty(12, 12.1, 11.9), 'fail');
  t.is(certainty(8, 10.5, 9.5), 'undecided');
  t.is(certainty(8), 'undecided', 'one measurement proves nothing');
  t.is(certainty(8, 8, 8), 'pass', 'without any spread the mean decides');
});

test('judgeConstraint cannot decide on a metric that was not measured', (t) => {
  if (limit === undefined) return t.fail();
  const repeated = { candidate: {}, metrics: [{ perf_throughput: 1 }, { perf_latency_p99: 1 }] };
  t.deepEqual(judgeConstraint(limit, repeated), { constraint: limit, certainty: 'undecided' });
});

test('judgeConstraint has no negative end for what cannot be negative', (t) => {
  if (limit === undefined) return t.fail();
  t.true((judgeConstraint(limit, measured(1, [1, 1], [1, 9], [1, 30])).interval?.low ?? -1) > 0);
});

test('gainOver has an interval that holds the mean, and is wide when measurements disagree', (t) => {
  const gain = gainOver(measured(1, [200, 5], [202, 5], [198, 5]), measured(2, [100, 5], [101, 5], [99, 5]), goal);
  t.true(gain !== undefined && Math.abs(gain.mean - 1) < 0.01 && gain.low > 0.9 && gain.high < 1.1);
  const vague = gainOver(measured(1, [200, 5], [100, 5]), measured(2, [100, 5], [150, 5]), goal);
  t.true(vague !== undefined && vague.low < 0 && vague.high > 0);
  t.is(gainOver(measured(1, [200, 5]), measured(2, [100, 5], [100, 5]), goal), undefined);
});

test('chancesOfBest counts only what keeps the limits, unless nothing does', (t) => {
  const [slow, broken] = [measured(1, [100, 5], [101, 5]), measured(2, [500, 20], [500, 21])];
  const first = (...all: Parameters<typeof chancesOfBest>[0]): number => chancesOfBest(all, goal, 1)[0] ?? 0;
  t.true(first(slow, broken) > 0.99);
  t.true(first(measured(1, [100, 12]), broken) > 0.9, 'one measurement has the spread of the others');
  t.is(first(measured(1, [100, 5]), measured(2, [100, 20])), 1, 'nobody knows the spread');
});

test('chancesOfBest goes by the objective where a metric of a limit was measured of none', (t) => {
  const blind = (throughput: number) => ({
    candidate: { concurrency: throughput },
    metrics: [throughput, throughput + 1].map((each) => ({ perf_throughput: each })),
  });
  t.deepEqual(chancesOfBest([blind(100), blind(500)], goal, 1), [0, 1]);
});

test('chancesOfBest is right as often as it says, of three measurements each', (t) => {
  const random = seededRandom(7);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const trials = 500;
  let [said, right] = [0, 0];
  for (let trial = 0; trial < trials; trial++) {
    const truths = [0, 1, 2].map(() => 0.04 * normal());
    const all = truths.map((truth, index) =>
      measured(index, ...[0, 1, 2].map(() => [Math.exp(5 + truth + 0.04 * normal()), 5] as const)),
    );
    const chances = chancesOfBest(all, throughputGoal(), trial);
    const best = chances.indexOf(Math.max(...chances));
    said += (chances[best] ?? 0) / trials;
    right += truths[best] === Math.max(...truths) ? 1 / trials : 0;
  }
  t.true(Math.abs(said - right) < 0.04, `${said} said, ${right} right; the standard error is 0.019`);
});
