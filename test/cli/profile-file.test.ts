import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { createProfileFile } from '../../src/cli/profile-file.js';
import { PerfError } from '../../src/core/perf-error.js';
import { fromMs, type Nanoseconds, ns } from '../../src/core/units.js';
import { levelFixture } from '../helpers/run-fixture.js';

const epoch = { seconds: 1, nanoseconds: 0 };
/** A level of one window of a second. */
const level = levelFixture({ concurrency: 2, latenciesMs: [1] });

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'perf-analyze-profile-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

const answer = (sentAt: Nanoseconds, lastAt: Nanoseconds) => ({
  ...{ sentAt, lastAt, request: 0, responseTimes: [] },
  outputTexts: [],
});

test('createProfileFile writes every answer, but for the one behind the last window', async (t) => {
  const file = join(folder(t), 'profile.json');
  await using profile = createProfileFile(file, epoch);
  for (const startMs of [0, 5000]) {
    const record = profile.recordAnswers(level.load, fromMs(startMs));
    for (let index = 0; index < 5000; index++) record(answer(fromMs(startMs), ns(fromMs(startMs) + index)));
    record(answer(fromMs(startMs), fromMs(startMs + 1001)));
    profile.endLevel(level);
  }
  t.false(existsSync(file));
  await profile.finish('1.0.0');
  const { experiments } = JSON.parse(readFileSync(file, 'utf8'));
  t.deepEqual(
    experiments.map(({ requests, window_boundaries }: { requests: unknown[]; window_boundaries: number[] }) => [
      requests.length,
      window_boundaries,
    ]),
    [
      [5000, [1_000_000_000, 2_000_000_000]],
      [5000, [6_000_000_000, 7_000_000_000]],
    ],
  );
});

test('createProfileFile keeps an answer at the very end of a window of so many requests', async (t) => {
  const file = join(folder(t), 'profile.json');
  await using profile = createProfileFile(file, epoch);
  const record = profile.recordAnswers(level.load, ns(123));
  record(answer(ns(124), ns(123 + fromMs(1000))));
  profile.endLevel(level);
  await profile.finish('1.0.0');
  t.is(JSON.parse(readFileSync(file, 'utf8')).experiments[0].requests.length, 1);
});

test('createProfileFile with tensors has those of every answer, and says what it leaves out', async (t) => {
  const file = join(folder(t), 'profile.json');
  await using profile = createProfileFile(file, epoch);
  profile.keepTensors((request) => (request === 0 ? '{"x":1}' : undefined));
  const record = profile.recordAnswers(level.load, ns(0));
  const texts = ['{"y":2}'];
  record({ ...answer(ns(1), ns(2)), outputTexts: texts });
  texts[0] = 'used again';
  record({ ...answer(ns(3), ns(5)), responseTimes: [ns(4), ns(5)], outputTexts: ['{"y":3}', undefined] });
  record({ ...answer(ns(6), ns(7)), request: 1, outputTexts: ['{"y":4}'] });
  profile.endLevel(level);
  await profile.finish('1.0.0');
  t.deepEqual(
    JSON.parse(readFileSync(file, 'utf8')).experiments[0].requests.map(
      ({ request_inputs, response_outputs }: Record<string, unknown>) => [request_inputs, response_outputs],
    ),
    [
      [{ x: 1 }, [{ y: 2 }]],
      [{ x: 1 }, [{ y: 3 }, {}]],
      [{}, [{ y: 4 }]],
    ],
  );
  t.deepEqual(profile.notes(), [
    'Note: --profile-export-file leaves out tensors of 2 requests, which are larger than 1 KiB; --export-tensors all writes them.',
  ]);
});

test('createProfileFile leaves tensors out while the disk is behind, but no request', async (t) => {
  const file = join(folder(t), 'profile.json');
  await using profile = createProfileFile(file, epoch, 1024 * 1024);
  const text = `{"x":"${'x'.repeat(10_000)}"}`;
  profile.keepTensors(() => text);
  const record = profile.recordAnswers(level.load, ns(0));
  for (let index = 0; index < 1000; index++) record({ ...answer(ns(index), ns(index + 1)), outputTexts: [text] });
  profile.endLevel(level); // nothing could be written meanwhile
  await profile.finish('1.0.0');
  const { requests } = JSON.parse(readFileSync(file, 'utf8')).experiments[0];
  const whole = requests.filter((request: { request_inputs: object }) => 'x' in request.request_inputs).length;
  t.is(requests.length, 1000);
  t.true(whole > 40 && whole < 100, String(whole));
  t.deepEqual(profile.notes(), [
    `Note: --profile-export-file leaves out tensors of ${1000 - whole} requests, which came faster than they could be written.`,
  ]);
});

test('createProfileFile leaves nothing behind unless it is finished', async (t) => {
  const path = folder(t);
  {
    await using profile = createProfileFile(join(path, 'profile.json'), epoch);
    profile.recordAnswers(level.load, ns(0))(answer(ns(1), ns(2)));
  }
  t.deepEqual(readdirSync(path), []);
  await setTimeout(100);
  t.deepEqual(readdirSync(path), [], 'opened after it was discarded');
});

for (const [when, waitMs] of [
  ['at the end', 0],
  ['long before the end', 100],
] as const) {
  test(`createProfileFile says so when the disk refuses ${when}`, async (t) => {
    const file = join(folder(t), 'none', 'profile.json');
    await using profile = createProfileFile(file, epoch);
    profile.recordAnswers(level.load, ns(0));
    await setTimeout(waitMs);
    const refusal = await t.throwsAsync(profile.finish('1.0.0'), { instanceOf: PerfError });
    t.is(refusal?.code, 'file');
    t.regex(refusal?.message ?? '', /Cannot write --profile-export-file .*ENOENT/);
  });
}
