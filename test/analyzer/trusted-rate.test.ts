import test from 'ava';
import { findTrustedRate } from '../../analyzer/trusted-rate.js';
import type { Level } from '../../src/core/run.js';
import { levelFixture } from '../helpers/run-fixture.js';

/** Levels as of a client that is good up to `limit`, and is disturbed in its n-th level. */
function clientUpTo(limit: number, disturbed = -1) {
  const asked: number[] = [];
  const measureAt = async (rate: number): Promise<Level> => {
    asked.push(rate);
    const isValid = rate <= limit && asked.length - 1 !== disturbed;
    const verdict = { kind: isValid ? 'valid' : 'suspect', findings: [] } as const;
    return { ...levelFixture({ concurrency: 1, latenciesMs: [1] }), verdict };
  };
  return { asked, measureAt };
}

const cases: readonly [limit: number, trusted: number | undefined, asked: readonly number[]][] = [
  [500, undefined, [1000, 1000]],
  [1000, 1000, [1000, 2000, 2000, 1500, 1500, 1250, 1250]],
  [6500, 6000, [1000, 2000, 4000, 8000, 8000, 6000, 7000, 7000]],
  [7200, 7000, [1000, 2000, 4000, 8000, 8000, 6000, 7000]],
  [99_999, 8000, [1000, 2000, 4000, 8000]],
];

for (const [limit, trusted, asked] of cases) {
  test(`findTrustedRate finds ${trusted} for a client that is good up to ${limit}`, async (t) => {
    const client = clientUpTo(limit);
    const found = await findTrustedRate(client.measureAt, 8000);
    t.is(found.trusted, trusted);
    t.deepEqual(client.asked, asked);
    t.is(found.levels.length, asked.length);
  });
}

test('findTrustedRate tries again before it believes in a limit', async (t) => {
  const client = clientUpTo(99_999, 1);
  t.is((await findTrustedRate(client.measureAt, 8000)).trusted, 8000);
  t.deepEqual(client.asked, [1000, 2000, 2000, 4000, 8000]);
});
