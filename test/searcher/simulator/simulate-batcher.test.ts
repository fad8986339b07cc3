import test from 'ava';
import { latencyAt, simulateBatcher } from '../../../searcher/simulator/simulate-batcher.js';

const length = { warmup: 40, counted: 400 };
const server = { instances: 1, maxBatch: 1, queueDelaySeconds: 0, serviceSeconds: () => 0.01 };

test('simulateBatcher serves one request at a time without batching', (t) => {
  const simulated = simulateBatcher(server, { kind: 'closed', concurrency: 4, awaySeconds: 0 }, length);
  t.true(Math.abs(simulated.requestsPerSecond - 100) < 1e-6);
  t.is(simulated.meanBatch, 1);
  t.true(Math.abs(latencyAt(0.5, simulated) - 0.04) < 1e-9);
});

test('simulateBatcher adds the time away to a single client', (t) => {
  const load = { kind: 'closed', concurrency: 1, awaySeconds: 0.01 } as const;
  const simulated = simulateBatcher(server, load, length);
  t.true(Math.abs(simulated.requestsPerSecond - 50) < 1e-6);
  t.true(Math.abs(latencyAt(0.99, simulated) - 0.02) < 1e-9);
});

test('simulateBatcher takes what waits up to the largest batch', (t) => {
  const batching = { ...server, maxBatch: 4, serviceSeconds: (batch: number) => 0.01 + 0.001 * batch };
  const simulated = simulateBatcher(batching, { kind: 'closed', concurrency: 64, awaySeconds: 0.0001 }, length);
  t.true(Math.abs(simulated.meanBatch - 4) < 0.05);
  t.true(Math.abs(simulated.requestsPerSecond - 4 / 0.014) < 5);
});

test('simulateBatcher fills batches when what was answered together comes back together', (t) => {
  const batching = { ...server, maxBatch: 8, serviceSeconds: (batch: number) => 0.01 + 0.001 * batch };
  const [apart, together] = (['apart', 'together'] as const).map((comeBack) =>
    simulateBatcher(batching, { kind: 'closed', concurrency: 8, awaySeconds: 0.001, comeBack }, length),
  );
  t.is(apart?.meanBatch, 4, 'of 1 and of 7 in turn');
  t.is(together?.meanBatch, 8);
});

test('simulateBatcher waits for a full batch no longer than the queue delay', (t) => {
  const waiting = { ...server, maxBatch: 8, queueDelaySeconds: 0.005 };
  const simulated = simulateBatcher(waiting, { kind: 'closed', concurrency: 2, awaySeconds: 0 }, length);
  t.true(Math.abs(latencyAt(0.5, simulated) - 0.015) < 1e-9);
});

test('simulateBatcher keeps to an open load that the server can bear, and no more', (t) => {
  const light = simulateBatcher(server, { kind: 'open', requestsPerSecond: 50, awaySeconds: 0 }, length);
  const heavy = simulateBatcher(server, { kind: 'open', requestsPerSecond: 500, awaySeconds: 0 }, length);
  t.true(Math.abs(light.requestsPerSecond - 50) < 0.5);
  t.true(Math.abs(heavy.requestsPerSecond - 100) < 1e-6);
});

test('simulateBatcher runs instances side by side, and lets them slow one another', (t) => {
  const load = { kind: 'closed', concurrency: 8, awaySeconds: 0 } as const;
  const free = simulateBatcher({ ...server, instances: 2 }, load, length);
  const shared = { ...server, instances: 2, serviceSeconds: (_: number, busy: number) => 0.01 * busy };
  t.true(Math.abs(free.requestsPerSecond - 200) < 1);
  t.true(simulateBatcher(shared, load, length).requestsPerSecond < 110);
});
