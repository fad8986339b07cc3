import test from 'ava';
import { rateShape } from '../../../analyzer/load/rate-shape.js';
import type { LoadShape } from '../../../src/core/load.js';
import { toSeconds } from '../../../src/core/units.js';

const rate = 100;

/** The factor that each shape is defined to have, written anew. */
const cases: readonly (readonly [string, LoadShape, (seconds: number) => number])[] = [
  ['constant', { kind: 'constant' }, () => 1],
  [
    'step',
    { kind: 'step', factors: [0.5, 0, 2], stepMs: 1000 },
    (seconds) => (seconds < 1 ? 0.5 : seconds < 2 ? 0 : 2),
  ],
  ['ramp up', { kind: 'ramp', from: 0, to: 1, rampMs: 3000 }, (seconds) => Math.min(1, seconds / 3)],
  ['ramp down', { kind: 'ramp', from: 2, to: 0.5, rampMs: 2000 }, (seconds) => Math.max(0.5, 2 - 0.75 * seconds)],
  ['sine', { kind: 'sine', amplitude: 1, periodMs: 1500 }, (seconds) => 1 + Math.sin((2 * Math.PI * seconds) / 1.5)],
  ['spike', { kind: 'spike', factor: 5, lengthMs: 250, periodMs: 1000 }, (seconds) => (seconds % 1 < 0.75 ? 1 : 5)],
];
for (const [name, shape, factor] of cases) {
  test(`rateShape ${name}: the rate adds up to the number of requests at the time of each`, (t) => {
    const { timeOf } = rateShape(rate, shape);
    const stepSeconds = 1e-4;
    let expected = 0;
    let arrivals = 1;
    for (let seconds = 0; seconds < 6; seconds += stepSeconds) {
      expected += rate * factor(seconds + stepSeconds / 2) * stepSeconds;
      while (arrivals <= expected) {
        const at = toSeconds(timeOf(arrivals));
        t.true(
          at > seconds - 5e-4 && at < seconds + stepSeconds + 5e-4,
          `request ${arrivals} at ${at}, not ${seconds}`,
        );
        arrivals++;
      }
    }
    t.true(arrivals > 300);
  });
}

test('rateShape never goes back', (t) => {
  for (const [, shape] of cases) {
    const { timeOf } = rateShape(rate, shape);
    const times = Array.from({ length: 2000 }, (_, index) => timeOf(index / 2));
    t.true(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0)));
  }
});

test('rateShape of the whole periods of a sine and of a spike is where a constant rate would be', (t) => {
  const sine = rateShape(rate, { kind: 'sine', amplitude: 0.8, periodMs: 500 });
  t.true(Math.abs(toSeconds(sine.timeOf(1000 * 50)) - 500) < 1e-6);
  const spike = rateShape(rate, { kind: 'spike', factor: 3, lengthMs: 100, periodMs: 500 });
  t.true(Math.abs(toSeconds(spike.timeOf(1000 * 70)) - 500) < 1e-6); // 0.4 s x 100 + 0.1 s x 300
});
