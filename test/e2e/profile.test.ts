import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { levelValue } from '../../src/core/load-name.js';
import { createWorkplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { serverForAll } from '../helpers/shared-server.js';

type Tensors = Readonly<Record<string, readonly number[]>>;

interface ProfiledRequest {
  readonly timestamp: number;
  readonly request_inputs?: Tensors;
  readonly response_timestamps: readonly number[];
  readonly response_outputs?: readonly Tensors[];
}

interface Profile {
  readonly experiments: readonly {
    readonly experiment: { readonly mode: string; readonly value: number };
    readonly requests: readonly ProfiledRequest[];
    readonly window_boundaries: readonly number[];
  }[];
}

const remote = serverForAll(['simple', 'identity_fp32'], '--allow-client-shm');

for (const mode of ['time_windows', 'count_windows']) {
  test(`perf-analyze --profile-export-file has the requests of all windows, ${mode}`, async (t) => {
    await using place = createWorkplace();
    const began = Date.now();
    const { code, stderr } = await runIn(
      place,
      ...['-m', 'simple', '-u', remote().urlOf('http'), '--concurrency-range', '1:2', '-s', '100000', '-r', '3'],
      ...['--measurement-mode', mode, '-p', '300', '--json', 'run.json', '--profile-export-file', 'profile.json'],
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

const row = (value: (index: number) => number): number[] => Array.from({ length: 16 }, (_, index) => value(index));
const steps = [1, 2, 3].map((step) => ({ INPUT0: row((index) => index * step), INPUT1: row(() => step) }));

for (const [name, ...flags] of [
  ['http'],
  ['json over http', '--output-tensor-format', 'json', '--http-compression', 'gzip'],
  ['grpc', '-i', 'grpc'],
  ['streams', '-i', 'grpc', '--streaming'],
  ['shared memory', '--shared-memory', 'system'],
  ['threads', '--max-threads', '2'],
] as const) {
  test(`perf-analyze --profile-export-file has the tensors of every request, ${name}`, async (t) => {
    await using place = createWorkplace();
    writeFileSync(place.path('data.json'), JSON.stringify({ data: steps }));
    const url = remote().urlOf(flags.some((flag) => flag === 'grpc') ? 'grpc' : 'http');
    const { code, stderr } = await runIn(
      place,
      ...['-m', 'simple', '-u', url, '--concurrency-range', '4', '--input-data', 'data.json'],
      ...['--request-count', '90', '--profile-export-file', 'profile.json', ...flags],
    );
    t.is(code, 0, stderr);
    const { experiments } = JSON.parse(readFileSync(place.path('profile.json'), 'utf8')) as Profile;
    const requests = experiments[0]?.requests ?? [];
    t.is(requests.length, 90);
    const bySteps = steps.map((step) =>
      requests.filter(({ request_inputs: sent }) => sent?.['INPUT1']?.[0] === step.INPUT1[0]),
    );
    t.deepEqual(
      bySteps.map(({ length }) => length),
      [30, 30, 30],
    );
    for (const [index, step] of steps.entries()) {
      const [one] = bySteps[index] ?? [];
      t.deepEqual(one?.request_inputs, step);
      t.true(bySteps[index]?.every(({ response_outputs }) => isSumAndDifference(step, response_outputs)));
    }
  });
}

const isSumAndDifference = ({ INPUT0, INPUT1 }: (typeof steps)[number], outputs: readonly Tensors[] | undefined) =>
  isDeepStrictEqual(outputs, [
    {
      OUTPUT0: INPUT0.map((value, index) => value + (INPUT1[index] ?? 0)),
      OUTPUT1: INPUT0.map((value, index) => value - (INPUT1[index] ?? 0)),
    },
  ]);

test('perf-analyze --export-tensors says what small leaves out, writes all, or none', async (t) => {
  await using place = createWorkplace();
  const profileOf = async (...flags: readonly string[]) => {
    const args = ['-m', 'identity_fp32', '--shape', 'INPUT0:400', '-u', remote().urlOf('http'), '--request-count', '5'];
    const { code, stderr } = await runIn(place, ...args, '--profile-export-file', 'profile.json', ...flags);
    t.is(code, 0, stderr);
    const { experiments } = JSON.parse(readFileSync(place.path('profile.json'), 'utf8')) as Profile;
    const [request] = experiments[0]?.requests ?? [];
    return { request, stderr };
  };
  const small = await profileOf();
  t.deepEqual([small.request?.request_inputs, small.request?.response_outputs], [{}, [{}]]);
  t.regex(small.stderr, /leaves out tensors of 5 requests, which are larger than 1 KiB; --export-tensors all/);
  const all = await profileOf('--export-tensors', 'all');
  t.is(all.request?.request_inputs?.['INPUT0']?.length, 400);
  t.deepEqual(all.request?.response_outputs?.[0]?.['OUTPUT0'], all.request?.request_inputs?.['INPUT0']);
  t.notRegex(all.stderr, /leaves out/);
  const none = await profileOf('--export-tensors', 'none');
  t.deepEqual(Object.keys(none.request ?? {}), ['timestamp', 'response_timestamps']);
});
