import test from 'ava';
import { bestLoad, refineLoad, type SearchedLoad } from '../../searcher/finals.js';
import { doublings, searchLoad } from '../../searcher/load-search.js';
import { createTrialStore } from '../../searcher/trial-store.js';
import { parseGoal } from '../../src/cli/flags/goal-flags.js';
import type { Candidate, Measure } from '../../src/core/trial.js';
import { throughputGoal } from '../helpers/fake-system.js';

/** Finds the largest load for which `keeps` holds, and tells what was measured. */
async function find(range: { min: number; max: number; start?: number }, keeps: (load: number) => boolean, edge = 0) {
  const measured: number[] = [];
  const best = await searchLoad({ ...range, refinements: 12 }, async (load) => {
    measured.push(load);
    return { isWithin: keeps(load), violation: Math.abs(load - edge) };
  });
  return { best, measured };
}

test('doublings stays within its bounds and has both (D7)', (t) => {
  t.deepEqual(doublings(3, 24), [3, 6, 12, 24]);
  t.deepEqual(doublings(1, 10), [1, 2, 4, 8, 10]);
  t.deepEqual(doublings(5, 5), [5]);
});

test('searchLoad finds the largest load of a latency limit exactly, and goes on until it is found (D1)', async (t) => {
  t.is((await find({ min: 1, max: 1024 }, (load) => load <= 896)).best, 896);
  t.is((await find({ min: 1, max: 1024 }, (load) => load <= 700)).best, 700);
});

test('searchLoad sees a boundary between the first two points (D6)', async (t) => {
  t.is((await find({ min: 16, max: 64 }, (load) => load <= 20)).best, 20);
});

test('searchLoad never measures below the smallest load or above the largest (D6, D8)', async (t) => {
  const { best, measured } = await find({ min: 3, max: 24 }, () => false);
  t.is(best, undefined);
  t.true(measured.every((load) => load >= 3 && load <= 24));
  t.deepEqual(await find({ min: 1, max: 1 }, () => false), { best: undefined, measured: [1] });
});

test('searchLoad copes with a smallest throughput, which small loads miss (D2, D6)', async (t) => {
  t.is((await find({ min: 1, max: 64 }, (load) => load >= 40)).best, 64);
  t.is(
    (await find({ min: 1, max: 64 }, (load) => load >= 20 && load <= 27, 23)).best,
    27,
    'a window between two points',
  );
});

test('searchLoad measures no load twice', async (t) => {
  const { measured } = await find({ min: 1, max: 100 }, (load) => load < 37);
  t.is(new Set(measured).size, measured.length);
});

test('searchLoad begins where the answer is expected, and finds it below and above that place, too', async (t) => {
  const range = { min: 1, max: 64, start: 8 };
  const below = { best: 3, measured: [8, 4, 2, 3] };
  t.deepEqual(await find(range, (load) => load <= 3), below);
  t.deepEqual(await find({ ...range, start: 15 }, (load) => load <= 3), below);
  t.deepEqual(await find(range, (load) => load <= 16), { best: 16, measured: [8, 16, 32, 24, 20, 18, 17] });
  t.deepEqual(await find(range, () => true), { best: 64, measured: [8, 16, 32, 64] });
  t.deepEqual((await find(range, (load) => load >= 40, 50)).best, 64, 'smaller loads are farther out');
  t.deepEqual(
    (await find(range, () => false)).measured,
    [8, 4, 2, 1],
    'larger loads are farther out than the smallest',
  );
});

/** 100 a second at each unit of load, with a p99 of as many ms as the load; tells what was measured. */
function linearServer() {
  const measured: number[] = [];
  const store = createTrialStore();
  const measure: Measure = async (candidate) => {
    const value = Number(candidate['request_rate']);
    measured.push(value);
    const metrics = { perf_throughput: 100 * value, perf_latency_p99: value };
    store.add({ ok: true, candidate, metrics, seconds: 1 });
    return { ok: true, candidate, metrics, seconds: 1 };
  };
  return { measured, store, measure };
}

const rates = (values: readonly number[], exact: Pick<SearchedLoad, 'isExact'> = {}): SearchedLoad => ({
  name: 'request_rate',
  values,
  ...exact,
});

test('refineLoad looks between a load that keeps the limits and the next one, and measures nothing twice', async (t) => {
  const refined = async (load: SearchedLoad, from: number, limit?: number) => {
    const { measured, store, measure } = linearServer();
    const candidate: Candidate = { instance_count: 2, request_rate: from };
    await measure(candidate);
    await refineLoad(candidate, measure, { load, goal: throughputGoal(limit), store, refinements: 2 });
    return measured.slice(1);
  };
  t.deepEqual(await refined(rates([4, 8, 16, 32]), 8, 13), [16, 12, 14]);
  t.deepEqual(await refined(rates([4, 8, 16, 32]), 32, 40), [], 'the largest');
  t.deepEqual(await refined(rates([4, 8, 16, 32]), 8, 5), [], 'it breaks the limit already');
  t.deepEqual(await refined(rates([4, 8, 16, 32]), 8), [], 'no limit, no edge');
  t.deepEqual(await refined(rates([4, 8, 16, 32]), 8, 20), [16], 'the next one keeps it too');
  t.deepEqual(await refined(rates([4, 8, 16, 32], { isExact: true }), 8, 13), [], 'only those are of interest');
});

test('refineLoad looks for the smallest load that brings enough throughput', async (t) => {
  const { measured, store, measure } = linearServer();
  const goal = parseGoal({ objective: ['perf_latency_p99'], constraint: ['perf_throughput:min=550'] });
  await measure({ request_rate: 8 });
  await refineLoad({ request_rate: 8 }, measure, { load: rates([2, 4, 8, 16]), goal, store, refinements: 3 });
  t.deepEqual(measured, [8, 4, 6, 5]);
});

test('bestLoad measures loads that are named one by one, and none between them', async (t) => {
  const { measured, measure } = linearServer();
  const best = await bestLoad(rates([3, 10, 50, 70], { isExact: true }), throughputGoal(60), measure);
  t.deepEqual(best, { request_rate: 50 });
  t.deepEqual(measured, [3, 10, 70, 50]);
  const again = linearServer();
  await bestLoad(rates([3, 10, 50, 70], { isExact: true }), throughputGoal(60), again.measure, 50);
  t.deepEqual(again.measured, [10, 70, 50], 'places are doubled: the second, the fourth, then between them');
});
