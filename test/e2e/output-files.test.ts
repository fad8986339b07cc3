import { execFileSync, spawn } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { type Ended, refusalOf, runIn } from '../helpers/command-here.js';
import { startV2Stub, type V2Stub, v2Answer } from '../helpers/v2-stub.js';

interface Setup extends AsyncDisposable {
  readonly place: Workplace;
  readonly stub: V2Stub;
  /** A short measurement with these flags. */
  measure(...flags: readonly string[]): Promise<Ended>;
  path(name: string): string;
  /** What lies in the working folder, but for what every run has there. */
  files(): string[];
}

async function setUp(): Promise<Setup> {
  const place = createWorkplace();
  const stub = await startV2Stub((response) => response.end(v2Answer));
  return {
    place,
    stub,
    measure: (...flags) => runIn(place, '-m', 'm', '-u', stub.url, '--request-count', '5', ...flags),
    path: place.path,
    files: () => readdirSync(place.folder).filter((name) => name !== 'tmp' && name !== 'cache'),
    [Symbol.asyncDispose]: async () => {
      await stub[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** By flag, how a whole output begins and ends. */
const outputs: readonly (readonly [flag: string, whole: RegExp])[] = [
  ['-f', /^Concurrency,Inferences\/Second,[^\n]*\n1,[^\n]*\n$/],
  ['--json', /^\{\s*"format": "perf-analyze\/run"[\s\S]*\}\n$/],
  ['--html', /^<!doctype html>[\s\S]*<\/html>\n$/],
  ['--markdown', /^## m version [\s\S]*\n$/],
  ['--junit', /^<\?xml [\s\S]*<\/testsuites>\n$/],
  ['--openmetrics', /^# TYPE [\s\S]*# EOF\n$/],
  ['--profile-export-file', /^\{"experiments":\[[\s\S]*"endpoint":""\}\n$/],
];

/** Every output at once, each into a file that is named after its flag. */
const allFlags = outputs.flatMap(([flag]) => [flag, `out${flag}`]);
const allFiles = outputs.map(([flag]) => `out${flag}`).sort();

function areWhole(t: ExecutionContext, { path }: Setup): void {
  for (const [flag, whole] of outputs) t.regex(readFileSync(path(`out${flag}`), 'utf8'), whole, flag);
}

test.serial('a run without an output flag writes no file', async (t) => {
  await using setup = await setUp();
  t.is((await setup.measure()).code, 0);
  t.deepEqual(setup.files(), []);
});

test.serial('outputs are written into new files, and nothing beside them', async (t) => {
  await using setup = await setUp();
  const { code, stderr } = await setup.measure(...allFlags);
  t.is(code, 0, stderr);
  areWhole(t, setup);
  t.deepEqual(setup.files().sort(), allFiles);
});

test.serial('outputs replace files as a whole', async (t) => {
  await using setup = await setUp();
  for (const file of allFiles) writeFileSync(setup.path(file), 'old '.repeat(100_000));
  t.is((await setup.measure(...allFlags)).code, 0);
  areWhole(t, setup);
  t.deepEqual(setup.files().sort(), allFiles);
});

test.serial('files stay as they were when nothing is measured', async (t) => {
  await using setup = await setUp();
  for (const file of allFiles) writeFileSync(setup.path(file), 'old');
  t.is((await runIn(setup.place, '-m', 'no', '-u', setup.stub.url, ...allFlags)).code, 5);
  for (const file of allFiles) t.is(readFileSync(setup.path(file), 'utf8'), 'old');
  t.deepEqual(setup.files().sort(), allFiles);
});

test.serial('outputs follow links', async (t) => {
  await using setup = await setUp();
  mkdirSync(setup.path('results'));
  for (const file of allFiles) {
    writeFileSync(setup.path(`results/${file}`), 'old');
    symlinkSync(`results/${file}`, setup.path(file));
  }
  t.is((await setup.measure(...allFlags)).code, 0);
  areWhole(t, setup);
  for (const file of allFiles) t.true(lstatSync(setup.path(file)).isSymbolicLink(), file);
  t.deepEqual(readdirSync(setup.path('results')).sort(), allFiles);
});

test.serial('outputs go through pipes', async (t) => {
  await using setup = await setUp();
  const pipes = outputs.map(([flag, whole]) => {
    execFileSync('mkfifo', [setup.path(`out${flag}`)]);
    const reader = spawn('cat', [setup.path(`out${flag}`)], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => reader.kill());
    return { flag, whole, read: text(reader.stdout) };
  });
  const { code, stderr } = await setup.measure(...allFlags);
  t.is(code, 0, stderr);
  for (const { flag, whole, read } of pipes) {
    t.true(lstatSync(setup.path(`out${flag}`)).isFIFO(), flag);
    t.regex(await read, whole, flag);
  }
  t.deepEqual(setup.files().sort(), allFiles);
});

/** FOLDER stands for the working folder. */
const refusals = [
  ...outputs.flatMap(([flag]) => [
    [[flag, 'FOLDER/none/out'], /Cannot write \S+ \S+none\/out: expected a folder that can be written/] as const,
    [[flag, 'FOLDER/tmp'], /Cannot write \S+ \S+tmp: expected a file, got a folder/] as const,
    [[flag, ''], /: expected a file name, got ''/] as const,
  ]),
  [
    ['-f', 'FOLDER/out', '--json', 'FOLDER/out'],
    /Cannot use -f and --json together: expected two files, got \S+ twice/,
  ],
  [['-f', 'FOLDER/out', '--json', 'FOLDER/./out'], /got '\S+' and '\S+', which are one/],
  [
    ['--json', 'FOLDER/tmp/out', '--profile-export-file', 'FOLDER/link/out'],
    /Cannot use --json and --profile-export-file/,
  ],
] as const;
for (const [flags, expected] of refusals) {
  test.serial(`${flags.join(' ')} is refused before the first request`, async (t) => {
    await using setup = await setUp();
    symlinkSync('tmp', setup.path('link'));
    const here = flags.map((flag) => flag.replace('FOLDER', setup.place.folder));
    const { code, stdout, message } = await refusalOf('-m', 'm', '-u', setup.stub.url, '--request-count', '5', ...here);
    t.is(code, 64, message);
    t.regex(message, expected);
    t.is(stdout, '');
    t.is(setup.stub.inferences(), 0);
    t.deepEqual(setup.files(), ['link']);
  });
}
