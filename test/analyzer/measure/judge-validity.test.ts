import test from 'ava';
import { judgeValidity, type ValidityInput } from '../../../analyzer/measure/judge-validity.js';
import type { Load } from '../../../src/core/load.js';
import type { ClientHealth, Finding, LatencySummary, Measured } from '../../../src/core/run.js';
import { idleClient, rateSettingsFixture } from '../../helpers/run-fixture.js';

const latencies = (p50: number, p99: number): LatencySummary => ({
  meanMs: p50,
  stdMs: 0,
  minMs: p50,
  maxMs: p99,
  percentilesMs: { '50': p50, '99': p99 },
});
const measured = (change: Partial<Measured> = {}): Measured => ({
  durationMs: 1000,
  requests: 100,
  failedRequests: 0,
  throughput: 100,
  latency: latencies(20, 30),
  histogram: '',
  ...change,
});
const withLag = (p99: number, medianMs = 20): Measured =>
  measured({
    latency: latencies(medianMs, 2 * medianMs),
    pacing: { intended: 100, sent: 100, dropped: 0, askedRate: 100, achievedRate: 100, sendLag: latencies(0.01, p99) },
  });
const requests = (dropped: number) => ({
  intended: 1000,
  sent: 1000 - dropped,
  dropped,
  ok: 1000 - dropped,
  failed: 0,
  inFlight: 0,
});
const openLoop = { ...rateSettingsFixture, requestsPerSecond: 100 };
const healthy: ValidityInput = {
  load: openLoop,
  summary: withLag(0.5),
  requests: requests(0),
  clientHealth: idleClient,
  maxErrorRatePercent: 1,
};

const cases: readonly (readonly [string, Partial<ValidityInput>, readonly Finding['code'][], string])[] = [
  ['a healthy level', {}, [], 'valid'],
  ['no valid answer', { summary: measured({ requests: 0, failedRequests: 5 }) }, ['no-samples'], 'invalid'],
  ['1 % of failures', { summary: measured({ requests: 99, failedRequests: 1 }) }, [], 'valid'],
  ['2 % of failures', { summary: measured({ requests: 98, failedRequests: 2 }) }, ['error-rate'], 'invalid'],
  [
    '2 % of failures when 5 % are accepted',
    { summary: measured({ requests: 98, failedRequests: 2 }), maxErrorRatePercent: 5 },
    [],
    'valid',
  ],
  [
    'one failure when none is accepted',
    { summary: measured({ requests: 9999, failedRequests: 1 }), maxErrorRatePercent: 0 },
    ['error-rate'],
    'invalid',
  ],
  ['1 % dropped', { requests: requests(10) }, [], 'valid'],
  ['1.1 % dropped', { requests: requests(11) }, ['rate-shortfall'], 'invalid'],
  ['a client at 85 %', { clientHealth: { ...idleClient, busyShare: 0.85 } }, [], 'valid'],
  ['a client at 86 %', { clientHealth: { ...idleClient, busyShare: 0.86 } }, ['client-busy'], 'suspect'],
  ['a lag of 1 ms', { summary: withLag(1) }, [], 'valid'],
  ['a lag above 1 ms', { summary: withLag(1.1) }, ['send-lag'], 'suspect'],
  ['a lag above a tenth of a short latency', { summary: withLag(0.5, 4) }, ['send-lag'], 'suspect'],
  [
    'a busy client that drops requests',
    { requests: requests(500), clientHealth: { ...idleClient, busyShare: 1 } },
    ['rate-shortfall', 'client-busy'],
    'invalid',
  ],
];
for (const [what, change, codes, kind] of cases) {
  test(`judgeValidity ${what}: ${kind}`, (t) => {
    const verdict = judgeValidity({ ...healthy, ...change });
    t.is(verdict.kind, kind as never);
    t.deepEqual(
      verdict.findings.map(({ code }) => code),
      [...codes],
    );
    t.true(verdict.findings.every(({ reason, remedy }) => reason.endsWith('.') && remedy.endsWith('.')));
  });
}

test('judgeValidity of a busy client names more threads when there are cores for them', (t) => {
  const remedy = (change: Partial<ClientHealth>, load: Load = openLoop): string => {
    const clientHealth = { ...idleClient, busyShare: 0.95, ...change };
    return judgeValidity({ ...healthy, load, clientHealth }).findings[0]?.remedy ?? '';
  };
  t.regex(
    remedy({ spareCores: 1.25 }),
    /^Send from more threads with --max-threads 2, since 1\.25 cores were idle\. Give/,
  );
  t.regex(remedy({ spareCores: 0.6, threads: [idleClient, idleClient] }), /--max-threads 3, since 0\.6 cores/);
  const one = { kind: 'concurrency', concurrency: 1 } as const;
  t.regex(remedy({ spareCores: 1 }, one), /^Give client and server/, 'one request in flight needs one thread');
  t.regex(remedy({ spareCores: 0.4 }), /^Give client and server cores of their own/);
});

test('judgeValidity of several threads is about the busiest', (t) => {
  const clientHealth = { ...idleClient, busyShare: 0.95, threads: [idleClient, { ...idleClient, busyShare: 0.95 }] };
  const { findings } = judgeValidity({ ...healthy, clientHealth });
  t.regex(findings[0]?.reason ?? '', /^The busiest of the client's 2 sending threads was busy 95 %/);
});

test('judgeValidity of a closed loop has no rate to reach', (t) => {
  const load = { kind: 'concurrency', concurrency: 1 } as const;
  t.is(judgeValidity({ ...healthy, load, summary: measured(), requests: requests(0) }).kind, 'valid');
});

test('judgeValidity says what was asked for, what was got, and what to do', (t) => {
  const { findings } = judgeValidity({ ...healthy, requests: requests(250) });
  t.is(findings[0]?.reason, 'Of 1000 requests that were due only 750 were sent, 25 % too few.');
  t.regex(findings[0]?.remedy ?? '', /Lower the rate/);
});

test('judgeValidity does not blame the client alone for the lag of serial sequences', (t) => {
  const { findings } = judgeValidity({ ...healthy, summary: withLag(5), isSerial: true });
  t.regex(findings[0]?.reason ?? '', /that is the wait for answers in serial sequences, or for the client/);
  t.regex(findings[0]?.remedy ?? '', /--num-of-sequences/);
});
