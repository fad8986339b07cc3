import test from 'ava';
import { passLines, tensorLines } from '../../src/cli/verbose-lines.js';
import { levelFixture } from '../helpers/run-fixture.js';

test('passLines says of each window what perf_analyzer says', (t) => {
  t.deepEqual(passLines(levelFixture({ concurrency: 1, latenciesMs: [9, 11] }), undefined), [
    '  Pass [1] throughput: 2 infer/sec. Avg latency: 10000 usec (std 1414 usec).',
  ]);
});

test('passLines names the percentile that counts', (t) => {
  t.deepEqual(passLines(levelFixture({ concurrency: 1, latenciesMs: [10] }), 95), [
    '  Pass [1] throughput: 1 infer/sec. p95 latency: 10000 usec',
  ]);
});

test('passLines says so when nothing was answered', (t) => {
  t.deepEqual(passLines(levelFixture({ concurrency: 1, latenciesMs: [] }), undefined), [
    '  Pass [1] throughput: 0 infer/sec. No valid answer.',
  ]);
});

test('tensorLines lists names, types and shapes', (t) => {
  const inputs = [{ name: 'IN', datatype: 'FP32', shape: [-1, 3] } as const];
  const outputs = [{ name: 'OUT', datatype: 'BYTES', shape: [1] } as const];
  t.deepEqual(tensorLines({ name: 'm', versions: ['1'], platform: '', inputs, outputs }), [
    'Inputs: IN FP32 [-1,3]',
    'Outputs: OUT BYTES [1]',
  ]);
});
