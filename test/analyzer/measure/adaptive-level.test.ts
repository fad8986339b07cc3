import test from 'ava';
import { seededRandom } from '../../../src/core/random.js';
import type { Level } from '../../../src/core/run.js';
import { latencySeries, normals } from '../../helpers/latency-truth.js';
import { adaptiveMeasurement, measureSimulated } from '../../helpers/measure-simulated.js';

const lengthMs = ({ windows }: Level): number => windows.reduce((sum, { durationMs }) => sum + durationMs, 0);
const halfWidth = (interval: { low: number; high: number } | undefined): number =>
  interval === undefined ? Number.NaN : (interval.high - interval.low) / (interval.high + interval.low);

test('measureLevel adaptive of a regular server ends after the shortest time', async (t) => {
  const level = await measureSimulated({ serviceMs: () => 10 });
  t.deepEqual(level.stability, { stable: true });
  t.is(lengthMs(level), 2000);
  t.true(halfWidth(level.certainty?.throughput) < 0.01);
  t.is(level.certainty?.steadiness.verdict, 'steady');
  t.is(level.certainty?.warmUpMs, 0);
  t.deepEqual(Object.keys(level.certainty?.percentiles ?? {}), ['50', '90', '95', '99', '99.9']);
});

test('measureLevel adaptive of an irregular server goes on until throughput and latency are precise', async (t) => {
  const series = latencySeries(20_000, 0, normals(seededRandom(2)));
  const level = await measureSimulated({ serviceMs: (index) => series[index] ?? 10 });
  t.deepEqual(level.stability, { stable: true });
  t.true(lengthMs(level) > 2000 && lengthMs(level) < 15_000, String(lengthMs(level)));
  t.true(halfWidth(level.certainty?.throughput) <= 0.05);
  t.true(halfWidth(level.certainty?.meanMs) <= 0.05);
});

test('measureLevel adaptive counts requests that depend on one another for fewer', async (t) => {
  const series = latencySeries(20_000, 0.6, normals(seededRandom(2)));
  const level = await measureSimulated({ serviceMs: (index) => series[index] ?? 10 });
  t.deepEqual(level.stability, { stable: false, reason: 'not-precise' });
  const { effectiveRequests = 0 } = level.certainty ?? {};
  t.true(effectiveRequests < level.summary.requests / 2, `${effectiveRequests} of ${level.summary.requests}`);
});

test('measureLevel adaptive leaves the warm-up out of its figures', async (t) => {
  const level = await measureSimulated({ serviceMs: (_, nowMs) => (nowMs < 1200 ? 40 : 10) });
  t.deepEqual(level.stability, { stable: true });
  t.is(level.certainty?.warmUpMs, 1500);
  t.is(level.summary.latency?.maxMs, 10);
  t.is(level.summarisedWindows, level.windows.length - 3);
});

test('measureLevel adaptive says after the longest time what is not precise', async (t) => {
  const random = seededRandom(4);
  const level = await measureSimulated({ serviceMs: () => (random() < 0.9 ? 50 : 1500) });
  t.deepEqual(level.stability, { stable: false, reason: 'not-precise' });
  t.is(lengthMs(level), 15_000);
});

test('measureLevel adaptive calls a server that becomes slower and slower not steady', async (t) => {
  const level = await measureSimulated({ serviceMs: (_, nowMs) => 5 + nowMs / 1000 });
  t.deepEqual(level.stability, { stable: false, reason: 'not-steady' });
  t.is(level.certainty?.steadiness.verdict, 'not-steady');
  t.true((level.certainty?.steadiness.latencyDriftPercent?.low ?? 0) > 10);
});

test('measureLevel adaptive with a percentile goes on until the sample supports it', async (t) => {
  const level = await measureSimulated({
    serviceMs: () => 10,
    measurement: { ...adaptiveMeasurement, percentile: 99 },
  });
  t.deepEqual(level.stability, { stable: true });
  t.true(level.summary.requests >= 459 && lengthMs(level) > 2000);
  const short = await measureSimulated({ serviceMs: () => 10 });
  t.like(short.certainty?.percentiles, { 99: { isSupported: false, needsRequests: 459 } });
});

test('measureLevel adaptive ends as soon as it is surely over the latency limit', async (t) => {
  const level = await measureSimulated({ serviceMs: () => 10, latencyLimitMs: 9 });
  t.true(level.isOverLimit);
  t.is(lengthMs(level), 2000);
});

test('measureLevel adaptive takes a server for lost that is unreachable for 5 s, and keeps what was before', async (t) => {
  const failure = { code: 'connect', message: 'refused' } as const;
  const level = await measureSimulated({
    serviceMs: () => 100,
    failure: (_, nowMs) => (nowMs > 1000 ? failure : undefined),
  });
  t.deepEqual(level.stability, { stable: false, reason: 'server-lost' });
  t.true(level.summary.requests > 0 && level.summary.durationMs <= 1000);
  t.true(lengthMs(level) >= 6000 && lengthMs(level) <= 6500);
});

test('measureLevel in windows says how sure it is, and keeps its own rule', async (t) => {
  const measurement = { ...adaptiveMeasurement, mode: 'time_windows', intervalMs: 1000, maxTrials: 10 } as const;
  const { adaptive: _adaptive, ...windows } = measurement;
  const level = await measureSimulated({ serviceMs: () => 10, measurement: windows });
  t.is(level.windows.length, 3);
  t.is(level.certainty?.steadiness.verdict, 'steady');
  t.like(level.certainty?.percentiles, { 99: { isSupported: false }, 95: { isSupported: true } });
});
