import test from 'ava';
import { runExitCode } from '../../src/cli/exit-codes.js';
import type { Instability } from '../../src/core/run.js';
import { levelFixture, runFixture } from '../helpers/run-fixture.js';

const failed = { verdict: 'fail', requests: 900, over: 90, effectiveRequests: 900 } as const;
const checks = { minDuration: true, minQueries: false, earlyStopping: false };
const invalid = { isValid: false, checks, queries: 9 };
const stable = levelFixture({ concurrency: 1, latenciesMs: [1] });
const level = (reason: Instability, latenciesMs: readonly number[] = [1]) =>
  levelFixture({ concurrency: 2, latenciesMs, stability: { stable: false, reason } });

const cases = [
  ['0 when every level is stable', runFixture([stable]), 0],
  ['4 when a certification failed', runFixture([stable, { ...stable, certification: failed }]), 4],
  ['4 when a scenario is not valid', runFixture([stable, { ...stable, scenario: invalid }]), 4],
  ['2 when a level is not stable', runFixture([stable, level('latency')]), 2],
  ['3 when a level had no valid request', runFixture([level('latency'), level('no-valid-requests', [])]), 3],
  [
    '2 when a level is invalid',
    runFixture([
      levelFixture({ concurrency: 1, latenciesMs: [1], failures: [{ code: 'http 503', count: 1, firstMessage: 'x' }] }),
    ]),
    2,
  ],
  ['5 when the server went away', runFixture([stable, level('server-lost')]), 5],
  ['5 when the server answered no more', runFixture([stable, level('no-answer')]), 5],
  ['130 when it was interrupted, whatever else', runFixture([level('interrupted', [])], { isInterrupted: true }), 130],
] as const;
for (const [criterion, run, code] of cases) {
  test(`runExitCode ${criterion}`, (t) => {
    t.is(runExitCode(run), code);
  });
}
