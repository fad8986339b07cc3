import test from 'ava';
import { randomWeights, uniformBound } from '../../sample-models/random-weights.js';

function valuesOf(options: Parameters<typeof randomWeights>[0]): number[] {
  const bytes = randomWeights(options).compute();
  return [...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)];
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('randomWeights gives the same values each time, others for another name', (t) => {
  const first = valuesOf({ name: 'a', dims: [4], bound: 1 });
  t.deepEqual(valuesOf({ name: 'a', dims: [4], bound: 1 }), first);
  t.notDeepEqual(valuesOf({ name: 'b', dims: [4], bound: 1 }), first);
});

test('randomWeights has the variance that uniformBound asks for', (t) => {
  const values = valuesOf({ name: 'weights', dims: [100, 100], bound: uniformBound(100, 2) });
  const variance = mean(values.map((value) => value ** 2));
  t.true(Math.abs(variance - 0.04) < 0.04 * 0.045, `${variance}`); // 5 sigma: sqrt(4 / 5 / 10000) = 0.9 % each
  t.true(Math.max(...values) <= uniformBound(100, 2));
});

test('randomWeights centres each row when asked to', (t) => {
  const values = valuesOf({ name: 'weights', dims: [3, 5, 20], bound: 1, centred: true });
  for (const start of [0, 100, 200]) t.true(Math.abs(mean(values.slice(start, start + 100))) < 1e-7);
});
