import test from 'ava';
import { ns } from '../../../src/core/units.js';
import { Stations } from '../../../src/server/scheduling/stations.js';
import { stagedInstance } from '../staged-instance.js';

const ms = (value: number) => ns(value * 1e6);

/** Hands batches until nobody takes more; the names of those who got one, in order. */
function handAll(stations: Stations, most = 100): string[] {
  const names: string[] = [];
  for (let next = stations.next; next !== undefined && names.length < most; next = stations.next) {
    stations.hand(next);
    names.push(next.instance.name);
  }
  return names;
}

function setup({ count = 1, takesAhead = true, mayHandAhead = true } = {}) {
  const instances = Array.from({ length: count }, (_, index) => stagedInstance(`m_${index}`, { takesAhead }));
  return new Stations(instances, { mayHandAhead });
}

/** Lets the next station compute once. */
function learn(stations: Stations, computed: number): void {
  const { next } = stations;
  if (next === undefined) throw new Error('no station is idle');
  stations.hand(next);
  stations.finish(next, ms(computed));
}

for (const [count, computed, expected] of [
  [1, 1, 6], // 5 ms of work at most when it is handed one
  [1, 4, 2],
  [1, 6, 1],
  [1, 0.001, 33],
  [2, 0.4, 6], // 1 ms each
  [2, 2, 2],
] as const) {
  test(`Stations hands out ${expected} batches of ${computed} ms to ${count} instance(s)`, (t) => {
    const stations = setup({ count });
    learn(stations, computed);
    t.is(handAll(stations).length, expected);
  });
}

test('Stations spreads what it hands ahead evenly', (t) => {
  const stations = setup({ count: 2 });
  learn(stations, 0.4);
  const names = handAll(stations);
  t.is(names.filter((name) => name === 'm_0').length, 3);
});

for (const options of [{ takesAhead: false }, { mayHandAhead: false }]) {
  test(`Stations hands one batch to each with ${JSON.stringify(options)}`, (t) => {
    const stations = setup({ count: 2, ...options });
    learn(stations, 0.1);
    t.deepEqual(handAll(stations), ['m_1', 'm_0']);
  });
}

test('Stations hands nothing ahead before the first batch has ended', (t) => {
  t.is(handAll(setup()).length, 1);
});

test('Stations takes the one that became idle last', (t) => {
  const stations = setup({ count: 2, takesAhead: false });
  const one = stations.next;
  if (one !== undefined) stations.hand(one);
  const other = stations.next;
  if (other !== undefined) stations.hand(other);
  if (other !== undefined) stations.finish(other);
  if (one !== undefined) stations.finish(one);
  t.is(stations.next, one);
});

test('Stations leaves out one that is not fit, busy or idle, until it is', (t) => {
  const stations = setup();
  learn(stations, 0.1);
  const station = stations.next;
  if (station === undefined) return t.fail();
  stations.hand(station);
  t.true(stations.suspend(station));
  t.false(stations.suspend(station));
  t.is(stations.next, undefined);
  stations.finish(station);
  t.is(stations.next, undefined);
  stations.resume(station);
  t.is(stations.next, station);
  stations.suspend(station);
  t.is(stations.next, undefined);
});
