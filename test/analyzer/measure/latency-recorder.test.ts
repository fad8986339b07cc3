import test from 'ava';
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { createLatencyRecorder } from '../../../analyzer/measure/latency-recorder.js';
import { seededRandom } from '../../../src/core/random.js';
import { fromMs, ns } from '../../../src/core/units.js';

function sample(seed: number, size: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: size }, () => Math.round(50_000 + 10 ** (random() * 5 + 4)));
}

function recorderOf(values: readonly number[]) {
  const recorder = createLatencyRecorder();
  for (const value of values) recorder.record(ns(value));
  return recorder;
}

test('createLatencyRecorder percentiles are within 0.1 % of the sorted sample', (t) => {
  const values = sample(1, 20_000);
  const recorder = recorderOf(values);
  const sorted = values.toSorted((left, right) => left - right);
  for (const percent of [1, 50, 90, 95, 99, 99.9]) {
    const exact = sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? 0;
    t.true(Math.abs(recorder.percentile(percent) / exact - 1) <= 0.001, `p${percent}`);
  }
});

test('createLatencyRecorder mean, deviation and extremes are exact', (t) => {
  const recorder = recorderOf([1e6, 2e6, 3e6, 6e6]);
  const summary = recorder.summarise([]);
  t.like(summary, { meanMs: 3, minMs: 1, maxMs: 6 });
  t.true(Math.abs((summary?.stdMs ?? 0) - Math.sqrt(14 / 3)) < 1e-12);
});

test('createLatencyRecorder of one request has no deviation', (t) => {
  t.is(recorderOf([5e6]).summarise([50])?.stdMs, 0);
});

test('createLatencyRecorder without a request has no summary', (t) => {
  t.is(createLatencyRecorder().summarise([50]), undefined);
});

test('createLatencyRecorder merge equals recording everything in one', (t) => {
  const left = sample(2, 3000);
  const right = sample(3, 500);
  const merged = recorderOf(left);
  merged.merge(recorderOf(right));
  merged.merge(createLatencyRecorder());
  const together = recorderOf([...left, ...right]);
  t.is(merged.count, together.count);
  const [got, expected] = [merged.summarise([50, 99]), together.summarise([50, 99])];
  t.deepEqual(got?.percentilesMs, expected?.percentilesMs);
  t.true(Math.abs((got?.stdMs ?? 0) / (expected?.stdMs ?? 1) - 1) < 1e-12);
  t.true(Math.abs((got?.meanMs ?? 0) / (expected?.meanMs ?? 1) - 1) < 1e-12);
});

test('createLatencyRecorder counts what is longer than an hour as an hour, with its true maximum', (t) => {
  const recorder = recorderOf([fromMs(2 * 3_600_000), fromMs(1)]);
  t.is(recorder.summarise([99])?.maxMs, 2 * 3_600_000);
  t.is(recorder.count, 2);
});

test('createLatencyRecorder says and merges the same when it is compact', (t) => {
  const values = [0, 1, 4e12, ...Array<number>(300).fill(5e6), ...sample(7, 20_000)];
  const plain = recorderOf(values);
  const compact = recorderOf(values);
  compact.compact();
  compact.compact();
  const percents = [0.01, 1, 50, 90, 95, 99, 99.9, 100];
  t.deepEqual(compact.summarise(percents), plain.summarise(percents));
  t.is(compact.percentile(99), plain.percentile(99));
  t.is(encodeIntoCompressedBase64(compact.histogram()), encodeIntoCompressedBase64(plain.histogram()));
  const others = sample(8, 5000);
  const [merged, expected] = [recorderOf(others), recorderOf(others)];
  merged.merge(compact);
  expected.merge(plain);
  t.deepEqual(merged.summarise(percents), expected.summarise(percents));
  for (const recorder of [compact, plain]) recorder.record(ns(5e6)); // it has a histogram again
  t.deepEqual(compact.summarise(percents), plain.summarise(percents));
});

test('createLatencyRecorder without a request may be compact too', (t) => {
  const recorder = createLatencyRecorder();
  recorder.compact();
  t.is(recorder.summarise([50]), undefined);
  const other = recorderOf([5e6]);
  other.merge(recorder);
  t.is(other.count, 1);
});
