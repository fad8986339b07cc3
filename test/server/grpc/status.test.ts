import test from 'ava';
import { grpcCode, refusalStatus } from '../../../src/server/grpc/status.js';
import { RefusalError } from '../../../src/server/refusal.js';

test('grpcCode has the codes of the protocol', (t) => {
  t.deepEqual(grpcCode, {
    'invalid-argument': 3,
    'not-found': 5,
    'already-exists': 6,
    unavailable: 14,
    unsupported: 12,
    cancelled: 1,
    internal: 13,
  });
});

const texts: readonly [message: string, details: RegExp][] = [
  ['as it is \u2603', /^as it is \u2603$/],
  ['half of a pair \ud83d', /^half of a pair \ufffd$/],
  ['n'.repeat(2_048), /^n{2048}$/],
  ['n'.repeat(2_049), /^n{2048}\.\.\.$/],
  [`x${'\u{1f600}'.repeat(5_000)}`, /^x(\u{1f600}){511}\ufffd\.\.\.$/u],
];

for (const [message, details] of texts) {
  test(`refusalStatus gives ${details.source.slice(0, 60)}, which can be percent-encoded`, (t) => {
    const status = refusalStatus(new RefusalError('not-found', message));
    t.is(status.code, 5);
    t.regex(status.details, details);
    t.true(encodeURI(status.details).length <= 8_192);
  });
}
