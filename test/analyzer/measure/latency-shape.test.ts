import test from 'ava';
import { createLatencyRecorder } from '../../../analyzer/measure/latency-recorder.js';
import { latencyShape } from '../../../analyzer/measure/latency-shape.js';
import { seededRandom } from '../../../src/core/random.js';
import { fromMs, ns, toMs } from '../../../src/core/units.js';

function recorderOf(latenciesNs: Iterable<number>) {
  const recorder = createLatencyRecorder();
  for (const latency of latenciesNs) recorder.record(ns(latency));
  return recorder;
}

const random = seededRandom(7);
const samples: Readonly<Record<string, readonly number[]>> = {
  'a long tail': Array.from({ length: 10_000 }, () => fromMs(0.2) / (1 - random()) ** 0.7),
  'one latency': [fromMs(3)],
  'the same a hundred times': new Array<number>(100).fill(fromMs(0.5)),
  'zero among others': [0, 0, 5, 1000],
  'more than the histogram tracks': [fromMs(1), 7_200e9],
};
for (const [what, latencies] of Object.entries(samples)) {
  test(`latencyShape agrees with the recorder: ${what}`, (t) => {
    const recorder = recorderOf(latencies);
    const shape = latencyShape(recorder);
    for (const percent of [50, 90, 95, 99]) {
      t.is(shape?.percentilesMs[percent], Math.max(1e-6, toMs(recorder.percentile(percent))), `p${percent}`);
    }
    t.is(
      shape?.bins.reduce((sum, count) => sum + count, 0),
      latencies.length,
    );
    t.is(shape?.maxMs, toMs(ns(Math.max(...latencies))));
  });
}

test('latencyShape has the counts where they belong, and nothing without a latency', (t) => {
  t.is(latencyShape(createLatencyRecorder()), undefined);
  // From 1 to 2^60 ns in 60 bins: each doubles.
  const { bins = [] } = latencyShape(recorderOf([1, 3, 3, 2 ** 10 + 1, 2 ** 41])) ?? {};
  const width = (60 * Math.log(2)) / Math.log(2 ** 41);
  const filled = [0, Math.log2(3) * width, 10 * width].map(Math.floor);
  t.deepEqual(
    [...filled, 59].map((bin) => bins[bin]),
    [1, 2, 1, 1],
  );
});
