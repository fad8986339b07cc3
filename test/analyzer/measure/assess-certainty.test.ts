import test from 'ava';
import { assessCertainty } from '../../../analyzer/measure/assess-certainty.js';
import { createLatencyRecorder } from '../../../analyzer/measure/latency-recorder.js';
import { fromMs } from '../../../src/core/units.js';

/** Of latencies in ms, one answered after the other. */
function certaintyOf(latencies: readonly number[]) {
  const recorder = createLatencyRecorder();
  for (const latency of latencies) recorder.record(fromMs(latency));
  const latenciesMs = Float64Array.from(latencies);
  const samples = { latenciesMs, gapsSeconds: latenciesMs.map((latency) => latency / 1000) };
  const options = { batchSize: 1, percentiles: [50, 90, 95, 99], alpha: 0.05, tolerance: 0.1, warmUpMs: 0 };
  return assessCertainty(samples, recorder, options);
}

test('assessCertainty supports no percentile above one that it does not support', (t) => {
  // A server that is fast at first and slow later, and now and then, in either, very slow.
  const latencies = Array.from({ length: 1200 }, (_, index) =>
    index % 53 === 0 ? 100 : (index < 600 ? 10 : 20) + (index % 7) / 10,
  );
  const { percentiles } = certaintyOf(latencies);
  t.like(percentiles['50'], { isSupported: false });
  t.like(percentiles['99'], { isSupported: false });
  const needs = ['50', '90', '95', '99'].map((percent) => {
    const found = percentiles[percent];
    return found?.isSupported === false ? found.needsRequests : 0;
  });
  t.deepEqual(
    needs,
    needs.toSorted((left, right) => left - right),
  );
});

test('assessCertainty of independent requests needs 459 for p99', (t) => {
  const few = certaintyOf(Array.from({ length: 458 }, (_, index) => 10 + ((index * 7919) % 101)));
  t.deepEqual(few.percentiles['99'], { isSupported: false, needsRequests: 459 });
  t.like(few.percentiles['95'], { isSupported: true });
});
