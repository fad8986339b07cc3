import test from 'ava';
import { createDraws, outlookOf } from '../../../searcher/surrogate/outlook.js';
import { quantitiesOf } from '../../../searcher/surrogate/quantities.js';
import { throughputGoal } from '../../helpers/fake-system.js';

const goal = throughputGoal(20);
const quantities = quantitiesOf(goal);
const draws = createDraws(quantities.length, 1);

/** At concurrency 16 with a tail of 1, so that 1000 infer/s have a p99 of 16 ms; the limit is kept from 800 on. */
const outlook = (throughput: number, deviation: number) =>
  outlookOf(
    { concurrency: 16 },
    [
      { mean: Math.log(throughput), deviation },
      { mean: 0, deviation: 0 },
    ],
    { goal, quantities, draws },
  );

test('outlookOf hopes for improvement and fears regret by what is uncertain alone', (t) => {
  const certain = outlook(1000, 0);
  t.deepEqual([certain.passChance, certain.improvement(Math.log(900))], [1, Math.log(1000) - Math.log(900)]);
  t.is(certain.regret(Math.log(900)), 0, 'it is better than that for sure');
  const uncertain = outlook(1000, 0.05);
  t.is(uncertain.passChance, 1);
  t.true(uncertain.improvement(Math.log(1050)) > 0 && uncertain.regret(Math.log(950)) > 0);
  t.true(uncertain.regret(Math.log(990)) > uncertain.regret(Math.log(950)));
});

test('outlookOf counts a broken limit as regret', (t) => {
  const near = outlook(800, 0.05);
  t.true(near.passChance > 0.4 && near.passChance < 0.6);
  t.true(near.regret(Math.log(100)) > 0.2, 'however bad the alternative is');
});
