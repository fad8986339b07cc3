import test from 'ava';
import { createSpace } from '../../../searcher/space/space.js';
import { createExperts } from '../../../searcher/strategies/experts.js';
import { surrogateStrategy } from '../../../searcher/strategies/surrogate-strategy.js';
import { featuresOf } from '../../../searcher/surrogate/features.js';
import { quantitiesOf } from '../../../searcher/surrogate/quantities.js';
import type { Candidate, Trial } from '../../../src/core/trial.js';
import { batchedSpace, throughputGoal } from '../../helpers/fake-system.js';

const trialOf = (candidate: Candidate, throughput: number, p99Ms: number): Trial => ({
  ok: true,
  candidate,
  metrics: { perf_throughput: throughput, perf_latency_p99: p99Ms },
  seconds: 1,
});

test('createExperts still hears the others when one has foreseen every measurement', (t) => {
  // Throughput does not depend on anything. The first expert expects that, the second another one for every other batch size, and far more under load.
  const expectations = [0, 1].map((wrong) => () => ({ max_batch_size: batch, concurrency }: Candidate) => {
    const isOdd = Math.log2(Number(batch)) % 2 === 1;
    return 100 * (1 + wrong * (Number(concurrency) - (isOdd ? 0.7 : 0)));
  });
  const quantities = quantitiesOf(throughputGoal());
  const experts = createExperts({ features: featuresOf(batchedSpace), quantities, seed: 1, expectations });
  const trials: Trial[] = [];
  for (const candidate of batchedSpace.candidates.filter(({ concurrency }) => concurrency === 1)) {
    const trial = trialOf(candidate, 100, 1);
    experts.fit(trials);
    experts.judge(trial);
    trials.push(trial);
  }
  const [throughput] = experts.fit(trials).beliefs({ instance_count: 2, max_batch_size: 4, concurrency: 32 });
  t.true((throughput?.deviation ?? 0) > 1, 'nothing was measured where they differ by a factor of 30');
});

test('guided measures what may break a limit again, not the safe choice that nothing is asked of', (t) => {
  const space = createSpace([{ name: 'concurrency', kind: 'integer', values: [8, 12] }]);
  const strategy = surrogateStrategy({
    space,
    goal: throughputGoal(12),
    seed: 1,
    maxMeasurements: 20,
    expectations: [undefined],
  });
  const [safe, near] = space.candidates as [Candidate, Candidate];
  for (const [index, p99Ms] of [11.45, 12.3, 11.65].entries()) {
    strategy.observe(trialOf(safe, 1000 + 5 * index, 6));
    strategy.observe(trialOf(near, 1400 + 5 * index, p99Ms));
  }
  t.deepEqual([strategy.propose(), strategy.choose()], [near, safe]);
});

test('guided spends its last look on a choice that was measured once and has a limit to keep', (t) => {
  const space = createSpace([{ name: 'concurrency', kind: 'integer', values: [8, 12, 16] }]);
  const lastLook = (p99Ms?: number): Candidate | undefined => {
    const goal = throughputGoal(p99Ms);
    const strategy = surrogateStrategy({ space, goal, seed: 1, maxMeasurements: 1, expectations: [undefined] });
    strategy.observe(trialOf({ concurrency: 8 }, 1000, 6));
    return strategy.propose();
  };
  t.is(lastLook(12)?.['concurrency'], 8);
  t.not(lastLook()?.['concurrency'], 8);
});
