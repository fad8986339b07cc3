import test from 'ava';
import { planLoad } from '../../../analyzer/load/plan-load.js';
import { inTurn } from '../../../analyzer/load/request-order.js';
import { shareOf, shareOfLoad } from '../../../analyzer/load/share.js';
import type { RequestRateLoad } from '../../../src/core/load.js';

const sharesOf = (of: number) => Array.from({ length: of }, (_, index) => ({ index, of }));

test('shareOf all shares together are the whole, and differ by 1 at the most', (t) => {
  for (let of = 1; of <= 9; of++) {
    for (let total = 0; total <= 40; total++) {
      const parts = sharesOf(of).map((share) => shareOf(total, share));
      t.is(
        parts.reduce((sum, part) => sum + part, 0),
        total,
      );
      t.true(Math.max(...parts) - Math.min(...parts) <= 1, `${total} over ${of}: ${parts}`);
    }
  }
});

const rate: RequestRateLoad = {
  kind: 'request-rate',
  requestsPerSecond: 500,
  arrivals: { kind: 'gamma', shape: 0.5 },
  shape: { kind: 'sine', amplitude: 0.5, periodMs: 300 },
  maxInFlight: 10,
};

test('shareOfLoad the shares of a schedule take its requests in turn', (t) => {
  const settings = { ...rate, range: { start: 500, end: 500, step: 1 }, search: 'linear' } as const;
  const plan = () => planLoad(rate, settings, 7);
  const whole = plan();
  const parts = sharesOf(3).map((share) => shareOfLoad(plan(), share));
  const schedules = parts.map((part) => ('schedule' in part ? part.schedule() : () => undefined));
  const wholeSchedule = 'schedule' in whole ? whole.schedule() : () => undefined;
  for (let request = 0; request < 1000; request++) t.is(schedules[request % 3]?.(), wholeSchedule());
  t.deepEqual(
    parts.map(({ load }) => 'maxInFlight' in load && load.maxInFlight),
    [4, 3, 3],
  );
});

test('shareOfLoad a schedule that ends, ends in every share', (t) => {
  const settings = { kind: 'fixed-schedule', timestampsMs: [0, 1, 2, 3], maxInFlight: 8 } as const;
  const load = { kind: 'fixed-schedule', requestsPerSecond: 1, maxInFlight: 8 } as const;
  const times = sharesOf(3).map((share) => {
    const part = shareOfLoad(planLoad(load, settings, 0), share);
    const schedule = 'schedule' in part ? part.schedule() : () => undefined;
    return [schedule(), schedule(), schedule()];
  });
  t.deepEqual(times, [
    [0, 3e6, undefined],
    [1e6, undefined, undefined],
    [2e6, undefined, undefined],
  ] as never);
});

test('inTurn the shares of an order take its requests in turn', (t) => {
  const orders = sharesOf(3).map((share) => inTurn(5)(share));
  const sent = Array.from({ length: 20 }, (_, request) => orders[request % 3]?.(0));
  t.deepEqual(
    sent,
    Array.from({ length: 20 }, (_, request) => request % 5),
  );
});
