import test from 'ava';
import { PerfError } from '../../../src/core/perf-error.js';
import { readFlags } from './read-flags.js';

const profileOf = (...flags: readonly string[]) => readFlags('-m', 'a', ...flags).output.profile;

test('--profile-export-file has small tensors, unless --export-tensors says otherwise', (t) => {
  t.is(profileOf(), undefined);
  t.deepEqual(profileOf('--profile-export', 'p.json'), { file: 'p.json', tensorLimitBytes: 1024 });
  const limitOf = (tensors: string) =>
    profileOf('--profile-export-file', 'p.json', '--export-tensors', tensors)?.tensorLimitBytes;
  t.deepEqual(['small', 'all', 'none'].map(limitOf), [1024, Number.POSITIVE_INFINITY, undefined]);
});

for (const [flags, message] of [
  [['--export-tensors', 'all'], 'Cannot use --export-tensors alone: expected --profile-export-file with it, got none'],
  [
    ['--profile-export-file', 'p.json', '--export-tensors', 'some'],
    "Cannot use --export-tensors: expected small, all, none, got 'some'",
  ],
] as const) {
  test(`refused: ${flags.join(' ')}`, (t) => {
    t.throws(() => profileOf(...flags), { instanceOf: PerfError, message });
  });
}
