import test from 'ava';
import { limitInflation, sequentialTest } from '../../../analyzer/statistics/certify.js';
import { seededRandom } from '../../../src/core/random.js';
import { certifyRuns } from '../../helpers/certify-runs.js';

const claim = { percentile: 0.99, confidence: 0.99 };

test('sequentialTest without a query over the limit passes as soon as a look allows it', (t) => {
  const certification = sequentialTest(claim);
  t.is(certification.look(527, 0), 'undecided');
  t.is(certification.looks, 0);
  t.is(certification.look(528, 0), 'pass'); // 1 - 0.99^528 > 1 - 0.01 / 2
  t.is(certification.look(10_000, 10_000), 'pass');
});

test('sequentialTest with every query over the limit fails at its first look', (t) => {
  t.is(sequentialTest(claim).look(528, 528), 'fail');
});

test('sequentialTest counts dependent queries for fewer', (t) => {
  const certification = sequentialTest(claim);
  t.is(
    certification.look(1000, 0, () => 2),
    'undecided',
  );
  t.is(
    certification.look(1056, 0, () => 2),
    'pass',
  );
});

test('sequentialTest fails what is certainly over the limit, however much its queries depend on one another', (t) => {
  const certification = sequentialTest(claim);
  t.is(
    certification.look(1000, 1000, () => 50),
    'fail',
  );
  t.is(
    sequentialTest(claim).look(1000, 20, () => 50), // less than one of 20
    'undecided',
  );
});

test('limitInflation knows clusters before any of them is above the limit', (t) => {
  const random = seededRandom(1);
  let cluster = 0;
  const series = Float64Array.from({ length: 3000 }, (_, index) => {
    if (index % 5 === 0) cluster = random();
    return cluster;
  });
  const inflation = limitInflation(series, 2);
  t.true(inflation > 4 && inflation < 7, String(inflation));
  const independent = limitInflation(Float64Array.from(series, random), 2);
  t.true(independent < 1.5, String(independent));
});

/** At the limit itself neither is true: 500 runs here, 10,000 in the bench. */
test('sequentialTest at the limit passes and fails in at most 1 % of the runs', (t) => {
  const { passes, fails, runs } = certifyRuns({ claim, over: 0.01, runs: 500, longest: 15_000, seed: 1 });
  t.true(passes / runs <= 0.01, `${passes} passes`);
  t.true(fails / runs <= 0.01, `${fails} fails`);
});

test('sequentialTest passes and fails clear cases within a twentieth of the 270,336 queries of the old rule', (t) => {
  const good = certifyRuns({ claim, over: 0.0025, runs: 500, longest: 13_516, seed: 2 });
  t.is(good.passes, good.runs);
  const bad = certifyRuns({ claim, over: 0.02, runs: 500, longest: 13_516, seed: 3 });
  t.is(bad.fails, bad.runs);
});
