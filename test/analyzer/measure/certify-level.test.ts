import test from 'ava';
import { seededRandom } from '../../../src/core/random.js';
import type { Level } from '../../../src/core/run.js';
import type { MeasurementSettings } from '../../../src/core/run-settings.js';
import { adaptiveMeasurement, measureSimulated, type SimulatedLevel } from '../../helpers/measure-simulated.js';

const { adaptive: _adaptive, ...common } = adaptiveMeasurement;
const certify = { percentile: 99, limitMs: 15, confidencePercent: 99, maxMs: 30_000 };
const measurement: MeasurementSettings = { ...common, intervalMs: 500, certify };
const certified = (setup: SimulatedLevel): Promise<Level> => measureSimulated({ measurement, ...setup });
const lengthMs = ({ windows }: Level): number => windows.reduce((sum, { durationMs }) => sum + durationMs, 0);

test('measureLevel that is certified passes as soon as it is certain', async (t) => {
  const level = await certified({ serviceMs: () => 10 });
  t.like(level.certification, { verdict: 'pass', over: 0 });
  t.deepEqual(level.stability, { stable: true });
  t.is(lengthMs(level), 5500); // 99 requests a second, of which 528 are needed
  t.is(level.certification?.requests, level.summary.requests);
});

test('measureLevel that is certified fails, and counts failed requests as over the limit', async (t) => {
  const slow = await certified({ serviceMs: () => 20 });
  t.is(slow.certification?.verdict, 'fail');
  const failure = { code: 'http 503', message: 'busy' } as never;
  const failing = await certified({
    serviceMs: () => 10,
    failure: (index) => (index % 10 === 0 ? failure : undefined),
  });
  t.is(failing.certification?.verdict, 'fail');
  t.true((failing.certification?.over ?? 0) >= 50);
});

test('measureLevel that is certified stays undecided just at the limit', async (t) => {
  const random = seededRandom(7);
  const level = await certified({ serviceMs: () => (random() < 0.01 ? 16 : 10) });
  t.is(level.certification?.verdict, 'undecided');
  t.deepEqual(level.stability, { stable: false, reason: 'undecided' });
  t.is(lengthMs(level), 30_000);
});
