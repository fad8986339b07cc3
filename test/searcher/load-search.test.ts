import test from 'ava';
import { doublings, searchLoad } from '../../searcher/load-search.js';

/** Finds the largest load for which `keeps` holds, and tells what was measured. */
async function find(range: { min: number; max: number }, keeps: (load: number) => boolean, edge = 0) {
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
