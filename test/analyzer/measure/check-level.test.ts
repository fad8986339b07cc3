import test from 'ava';
import { type CheckInput, checkLevel, failedChecks } from '../../../analyzer/measure/check-level.js';
import type { Load } from '../../../src/core/load.js';
import { measureSimulated } from '../../helpers/measure-simulated.js';
import { levelFixture } from '../../helpers/run-fixture.js';

const { summary } = levelFixture({ concurrency: 4, latenciesMs: new Array<number>(100).fill(20) });
const load = { kind: 'concurrency', concurrency: 4 } as const;
const input = (rate: number, changes: Partial<CheckInput> = {}): CheckInput => ({
  ...{ load, batchSize: 2, isPlain: true },
  summary: { ...summary, requests: 500, throughput: 2 * rate, durationMs: 1000 },
  ...changes,
});

test('checkLevel compares rate x latency with the concurrency, within the interval and 10 %', (t) => {
  t.deepEqual(checkLevel(input(200)).littlesLaw, { inFlight: 4, asked: 4, holds: true });
  t.like(checkLevel(input(181)).littlesLaw, { holds: true });
  t.like(checkLevel(input(170)).littlesLaw, { inFlight: 3.4, holds: false });
  const certainty = {
    ...{ confidence: 0.95, alpha: 0.05, effectiveRequests: 500, percentiles: {}, warmUpMs: 0 },
    ...{ throughput: { low: 323, high: 357 }, meanMs: { low: 19, high: 21 } },
    steadiness: { verdict: 'steady' },
  } as const;
  const wide = checkLevel(input(170, { certainty })).littlesLaw;
  t.true(wide?.holds);
  t.true((wide?.interval?.low ?? 0) < 3.1 && (wide?.interval?.high ?? 0) > 3.7);
});

test('checkLevel says nothing about a level that is too short, has failures, or is an open loop', (t) => {
  const few = { ...summary, requests: 79, throughput: 340 };
  t.is(checkLevel(input(0, { summary: few })).littlesLaw?.holds, undefined);
  const failing = { ...summary, requests: 500, throughput: 340, failedRequests: 1 };
  t.is(checkLevel(input(0, { summary: failing })).littlesLaw?.holds, undefined);
  const open: Load = {
    kind: 'request-rate',
    requestsPerSecond: 170,
    maxInFlight: 16,
    arrivals: { kind: 'poisson' },
    shape: { kind: 'constant' },
  };
  t.deepEqual(checkLevel(input(170, { load: open })).littlesLaw, { inFlight: 3.4 });
});

test('checkLevel compares what client and server counted, but for what was in flight', (t) => {
  const server = {
    ...{ failedRequests: 0, inferences: 0, executions: 0, meanBatchSize: 1, requestMs: 1, queueMs: 0 },
    ...{ computeInputMs: 0, computeInferMs: 1, computeOutputMs: 0, overheadMs: 0 },
  };
  const counted = (requests: number) =>
    checkLevel(
      input(200, { summary: { ...summary, requests: 500, throughput: 400, server: { ...server, requests } } }),
    );
  t.deepEqual(counted(504).counts, { client: 500, server: 504, agree: true });
  t.deepEqual(failedChecks(counted(504), load), []);
  for (const [requests, remedy] of [
    [900, /Others use the model too/],
    [200, /Not all requests reached this server/],
  ] as const) {
    const [finding] = failedChecks(counted(requests), load);
    t.like(finding, { code: 'server-counts', severity: 'suspect' });
    t.regex(finding?.remedy ?? '', remedy);
  }
});

test('measureLevel has checks that hold for a simulated server', async (t) => {
  const level = await measureSimulated({
    serviceMs: () => 5,
    servers: 2,
    load: { kind: 'concurrency', concurrency: 8 },
  });
  t.true(Math.abs((level.checks?.littlesLaw?.inFlight ?? 0) / 8 - 1) < 0.01);
  t.true(level.checks?.littlesLaw?.holds);
  t.true(level.checks?.counts?.agree);
  t.is(level.verdict.kind, 'valid');
});
