import test from 'ava';
import { ns } from '../../../src/core/units.js';
import { type Station, Stations } from '../../../src/server/scheduling/stations.js';
import { stagedInstance } from '../staged-instance.js';

const ms = (value: number) => ns(value * 1e6);

/** Who gets a batch that is to be handed now. */
function nextOf(stations: Stations, now = ms(0)): Station | undefined {
  const offer = stations.next();
  return offer !== undefined && offer.from <= now ? offer.station : undefined;
}

/** Hands batches until nobody takes more; the names of those who got one, in order. */
function handAll(stations: Stations, now = ms(0)): string[] {
  const names: string[] = [];
  for (let next = nextOf(stations, now); next !== undefined && names.length < 100; next = nextOf(stations, now)) {
    stations.hand(next, now);
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
  const next = nextOf(stations);
  if (next === undefined) throw new Error('no station is idle');
  stations.hand(next, ms(0));
  stations.finish(next, ms(0), ms(computed));
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

for (const [count, computed, from] of [
  [1, 36, 31], // 5 ms before the end
  [2, 36, 35], // 1 ms
] as const) {
  test(`Stations hands a second batch of ${computed} ms to ${count} instance(s) after ${from} ms`, (t) => {
    const stations = setup({ count });
    learn(stations, computed);
    t.is(handAll(stations).length, count);
    t.is(stations.next()?.from, ms(from));
    t.is(handAll(stations, ms(from)).length, count);
    t.is(stations.next(), undefined, 'nobody takes a third');
  });
}

test('Stations offers the instance that ends first', (t) => {
  const stations = setup({ count: 2 });
  learn(stations, 36);
  const one = nextOf(stations);
  if (one === undefined) return t.fail();
  stations.hand(one, ms(0));
  const other = nextOf(stations);
  if (other === undefined) return t.fail();
  stations.hand(other, ms(10));
  t.is(stations.next()?.station, one);
  stations.finish(one, ms(36), ms(36));
  stations.hand(one, ms(36));
  t.deepEqual(stations.next(), { station: other, from: ms(45) });
});

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
  const one = nextOf(stations);
  if (one !== undefined) stations.hand(one, ms(0));
  const other = nextOf(stations);
  if (other !== undefined) stations.hand(other, ms(0));
  if (other !== undefined) stations.finish(other, ms(0));
  if (one !== undefined) stations.finish(one, ms(0));
  t.is(nextOf(stations), one);
});

test('Stations leaves out one that is not fit, busy or idle, until it is', (t) => {
  const stations = setup();
  learn(stations, 0.1);
  const station = nextOf(stations);
  if (station === undefined) return t.fail();
  stations.hand(station, ms(0));
  t.true(stations.suspend(station));
  t.false(stations.suspend(station));
  t.is(nextOf(stations), undefined);
  stations.finish(station, ms(0));
  t.is(nextOf(stations), undefined);
  stations.resume(station);
  t.is(nextOf(stations), station);
  stations.suspend(station);
  t.is(nextOf(stations), undefined);
});
