import test from 'ava';
import { type RateProbe, ratePosterior } from '../../../analyzer/statistics/rate-posterior.js';
import { rateSearch } from '../../../analyzer/statistics/rate-search.js';
import { isSaturated } from '../../../analyzer/statistics/saturation.js';
import { largestRate, searchQueues } from '../../helpers/queue-truth.js';

test('largestRate is where a percentile of an M/D/1 queue is at the limit', (t) => {
  t.true(Math.abs(largestRate(1, 5, 0.99) - 0.561) < 0.001); // simulated: 10^7 requests
  t.true(Math.abs(largestRate(1, 2, 0.5) - 0.768) < 0.001);
});

test('rateSearch of noisy M/D/1 queues is within 5 % in at most 12 probes, and its interval holds the truth', (t) => {
  const queue = { service: 0.005, limit: 0.05, percentile: 0.95, noise: 0.02, start: 100, probeSeconds: 15 };
  const { runs, covered, within5, mostProbes } = searchQueues(queue, { runs: 8, seed: 1 });
  t.is(runs, 8);
  t.true(within5 >= 7, `${within5} of 8`);
  t.true(covered >= 7, `${covered} of 8`); // at 95 %, 6 or fewer have a chance of 6 %; the seed is fixed
  t.true(mostProbes <= 12);
});

const probe = (rate: number, over: number, isSaturatedThere = false): RateProbe => ({
  rate,
  requests: 1000,
  over,
  effectiveRequests: 1000,
  isSaturated: isSaturatedThere,
});

test('ratePosterior lies between what met the limit and what missed it, and one bad probe does not move it far', (t) => {
  const met = [10, 40, 80].map((rate) => probe(rate, 0));
  const missed = [90, 100].map((rate) => probe(rate, 500, true));
  const { rate, low, high } = ratePosterior([...met, ...missed], 0.99);
  t.true(rate > 80 && rate < 90 && low > 40 && high < 100, `${low} ${rate} ${high}`);
  const disturbed = ratePosterior([...met, probe(20, 100), ...missed], 0.99);
  t.true(disturbed.rate > 75 && disturbed.rate < 92, String(disturbed.rate));
});

test('ratePosterior does not discount probes of a calm server for the clusters of requests over the limit near its capacity', (t) => {
  const calm = [80, 90, 99, 103].map((rate) => ({ ...probe(rate, 0), requests: 200, effectiveRequests: 80 }));
  const clustered = { ...probe(175, 269), requests: 2701, effectiveRequests: 38 };
  const { rate } = ratePosterior([...calm, probe(100, 0, true), clustered, probe(290, 1000, true)], 0.95); // 100 is a false miss
  t.true(rate > 120 && rate < 175, String(rate));
});

test('rateSearch brackets by factors of 4, and is led by what a saturated server achieved', (t) => {
  const search = rateSearch({ start: 10, percentile: 0.99 });
  t.is(search.estimate(), undefined);
  t.is(search.next(), 10);
  search.tell(probe(10, 0));
  t.is(search.next(), 40);
  search.tell(probe(40, 0));
  search.tell(probe(160, 500, true), 80);
  t.like(search.estimate(), { isBracketed: true });
  const next = search.next() ?? 0;
  t.true(next > 40 && next <= 88, String(next));
});

test('isSaturated of a flow that backs up, not of one that keeps up, stalls once, or is short', (t) => {
  const arrived = new Array<number>(10).fill(100);
  t.true(isSaturated({ arrived, answered: new Array<number>(10).fill(97) }));
  t.false(isSaturated({ arrived, answered: new Array<number>(10).fill(97) }, { share: 0.9 }));
  t.false(isSaturated({ arrived, answered: new Array<number>(10).fill(99) }));
  t.false(isSaturated({ arrived, answered: [...new Array<number>(9).fill(100), 50] }));
  t.true(isSaturated({ arrived: [32, 32, 32], answered: [12, 13, 13] }));
  t.false(isSaturated({ arrived: [20, 20], answered: [10, 18] }));
  t.false(isSaturated({ arrived: [45, 52, 50], answered: [43, 50, 48] }, { usual: 5 })); // 6 of 147 more, by chance
});
