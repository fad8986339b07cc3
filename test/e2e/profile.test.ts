import { readFileSync } from 'node:fs';
import test from 'ava';
import { levelValue } from '../../src/core/load-name.js';
import { createWorkplace } from '../helpers/cli.js';
import { readRun } from '../helpers/read-run.js';

interface Profile {
  readonly experiments: readonly {
    readonly experiment: { readonly mode: string; readonly value: number };
    readonly requests: readonly { readonly timestamp: number; readonly response_timestamps: readonly number[] }[];
    readonly window_boundaries: readonly number[];
  }[];
}

for (const mode of ['time_windows', 'count_windows']) {
  test(`perf-analyze --profile-export-file has the requests of all windows, ${mode}`, async (t) => {
    await using place = createWorkplace();
    const began = Date.now();
    const { code, stderr } = await place.run(
      ...['-m', 'simple', '--service-kind', 'embedded', '--concurrency-range', '1:2', '-s', '100000', '-r', '3'],
      ...['--measurement-mode', mode, '-p', '1000', '--json', 'run.json', '--profile-export-file', 'profile.json'],
    );
    t.true(code === 0 || code === 2, stderr); // on a busy machine a window may be empty, which is not stable
    const { levels } = readRun(place, 'run.json');
    const { experiments } = JSON.parse(readFileSync(place.path('profile.json'), 'utf8')) as Profile;
    t.deepEqual(
      experiments.map(({ experiment, requests }) => ({ ...experiment, requests: requests.length })),
      levels.map(({ load, windows }) => ({
        mode: 'concurrency',
        value: levelValue(load),
        requests: windows.reduce((sum, window) => sum + window.requests, 0),
      })),
    );
    const [first] = experiments;
    t.is(first?.window_boundaries.length, 4);
    const [request] = first?.requests ?? [];
    t.true((request?.timestamp ?? 0) > began * 1e6 && (request?.timestamp ?? 0) < Date.now() * 1e6);
    t.true((request?.response_timestamps[0] ?? 0) > (request?.timestamp ?? 0));
    t.deepEqual(place.leftovers(), []);
  });
}
