import test from 'ava';
import { type RequestFlags, requestSettings } from '../../../src/cli/flags/request-flags.js';
import type { LoadSettings } from '../../../src/core/load.js';
import { PerfError } from '../../../src/core/perf-error.js';

const none: RequestFlags = { requestCount: undefined, warmupRequestCount: undefined, requestTimeout: undefined };
const four: LoadSettings = { kind: 'concurrency', range: { start: 1, end: 4, step: 1 }, search: 'linear' };

const accepted: readonly (readonly [Partial<RequestFlags>, unknown])[] = [
  [{}, { exactRequests: undefined, warmupRequests: 0, requestTimeoutMs: undefined, silenceLimitMs: 60_000 }],
  [
    { requestCount: '4', warmupRequestCount: '9', requestTimeout: '250' },
    { exactRequests: 4, warmupRequests: 9, requestTimeoutMs: 250, silenceLimitMs: 60_250 },
  ],
];
for (const [flags, settings] of accepted) {
  test(`requestSettings ${JSON.stringify(flags)}`, (t) => {
    t.deepEqual(requestSettings({ ...none, ...flags }, four), settings as never);
  });
}

const refused: readonly (readonly [Partial<RequestFlags>, string])[] = [
  [{ requestCount: '0' }, '--request-count: expected an integer of at least 1'],
  [{ requestCount: '3' }, 'Cannot use --request-count 3: expected at least the concurrency 4, got 3'],
  [{ requestCount: '4.5' }, "got '4.5'"],
  [{ warmupRequestCount: '-1' }, '--warmup-request-count: expected an integer of at least 0'],
  [{ requestTimeout: '0' }, '--request-timeout: expected an integer of at least 1'],
];
for (const [flags, message] of refused) {
  test(`requestSettings refuses ${JSON.stringify(flags)}`, (t) => {
    const error = t.throws(() => requestSettings({ ...none, ...flags }, four), { instanceOf: PerfError });
    t.is(error?.code, 'usage');
    t.true(error?.message.includes(message), error?.message);
  });
}

test('requestSettings of a fixed schedule has as many requests as times, and no other number', (t) => {
  const fixed: LoadSettings = { kind: 'fixed-schedule', timestampsMs: [0, 5, 9], maxInFlight: 4 };
  t.is(requestSettings(none, fixed).exactRequests, 3);
  t.throws(() => requestSettings({ ...none, requestCount: '3' }, fixed), { instanceOf: PerfError });
});
