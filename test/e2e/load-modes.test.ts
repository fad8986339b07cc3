import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import type { Run } from '../../src/core/run.js';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { refusalOf, runIn } from '../helpers/command-here.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { startV2Stub, v2Answer } from '../helpers/v2-stub.js';

const readRun = (place: Workplace): Run => JSON.parse(readFileSync(place.path('run.json'), 'utf8')) as Run;

for (const [title, flags, windows] of [
  ['a count window', ['--measurement-mode', 'count_windows', '--measurement-request-count', '4'], 4],
  ['an exact count', ['--request-count', '4'], 4],
  ['an exact count of an open loop', ['--request-count', '4', '--request-rate-range', '100'], 4],
] as const) {
  test(`a server that never answers ends ${title} with --request-timeout, exit 5`, async (t) => {
    await using place = createWorkplace();
    await using stub = await startV2Stub(() => undefined);
    const { code, stdout, stderr } = await runIn(
      place,
      ...['-m', 'm', '-u', stub.url, ...flags, '--request-timeout', '200', '--json', 'run.json'],
    );
    t.is(code, 5, stderr);
    const run = readRun(place);
    t.deepEqual(schemaErrors(run), []);
    t.is(run.settings.requestTimeoutMs, 200);
    t.is(run.levels[0]?.failures[0]?.code, 'timeout');
    t.true((run.levels[0]?.requests.failed ?? 0) >= windows);
    t.deepEqual(run.levels[0]?.stability, { stable: false, reason: 'server-lost' });
    t.regex(stdout, /\(timeout\)/);
  });
}

test('requests that take too long fail, the others are measured, and the level is invalid', async (t) => {
  await using place = createWorkplace();
  let count = 0;
  await using stub = await startV2Stub((response) => {
    count++;
    if (count % 5 !== 0) response.end(v2Answer);
  });
  const { code } = await runIn(
    place,
    ...['-m', 'm', '-u', stub.url, '--request-count', '20', '--request-timeout', '1500', '--json', 'run.json'],
  );
  const level = readRun(place).levels[0];
  t.is(code, 2);
  t.is(level?.summary.failedRequests, 4);
  t.is(level?.summary.requests, 16);
  t.deepEqual(
    level?.failures.map((failure) => [failure.code, failure.count]),
    [['timeout', 4]],
  );
  t.is(level?.verdict.kind, 'invalid');
});

test('--max-error-rate accepts failures', async (t) => {
  await using place = createWorkplace();
  let count = 0;
  await using stub = await startV2Stub((response) => {
    count++;
    response.writeHead(count % 5 === 0 ? 503 : 200).end(v2Answer);
  });
  const { code } = await runIn(
    place,
    ...['-m', 'm', '-u', stub.url, '--request-count', '20', '--max-error-rate', '20', '--json', 'run.json'],
  );
  t.is(code, 0);
  t.is(readRun(place).levels[0]?.summary.failedRequests, 4);
});

for (const load of [
  ['--concurrency-range', '2:4:2'],
  ['--request-rate-range', '200:400:200'],
]) {
  test(`--request-count with --warmup-request-count sends exactly that many at each level, ${load[0]}`, async (t) => {
    await using place = createWorkplace();
    await using stub = await startV2Stub((response) => response.end(v2Answer));
    const { code, stderr } = await runIn(
      place,
      ...['-m', 'm', '-u', stub.url, ...load, '--request-count', '30', '--warmup-request-count', '12'],
      ...['--json', 'run.json'],
    );
    t.is(code, 0, stderr);
    t.is(stub.inferences(), 2 * (30 + 12));
    const run = readRun(place);
    t.deepEqual(schemaErrors(run), []);
    for (const { requests, windows } of run.levels) {
      t.like(requests, { intended: 30, sent: 30, ok: 30, inFlight: 0 });
      t.is(windows.length, 1);
    }
  });
}

test('--request-intervals sends at the gaps of the file, and --request-count ends it', async (t) => {
  await using place = createWorkplace();
  await using stub = await startV2Stub((response) => response.end(v2Answer));
  writeFileSync(place.path('gaps'), '1000\n3000\n5000\n');
  const { code, stderr, stdout } = await runIn(
    place,
    ...['-m', 'm', '-u', stub.url, '--request-intervals', 'gaps', '--request-count', '30', '--json', 'run.json'],
  );
  t.is(code, 0, stderr);
  const run = readRun(place);
  t.deepEqual(schemaErrors(run), []);
  t.is(stub.inferences(), 30);
  t.true((run.levels[0]?.summary.durationMs ?? 0) >= 90);
  t.regex(stdout, /Request Rate: 333\.333, throughput/);
});

test('--request-intervals refuses a line that is no number of microseconds', async (t) => {
  await using place = createWorkplace();
  writeFileSync(place.path('gaps'), '1000\n1.5\n');
  const { code, message } = await refusalOf('-m', 'm', '--request-intervals', place.path('gaps'));
  t.is(code, 64);
  t.regex(message, /--request-intervals \S+gaps: expected a whole number of microseconds in line 2, got '1\.5'/);
});

test('--load-shape and --binary-search are in the run', async (t) => {
  await using place = createWorkplace();
  await using stub = await startV2Stub((response) => response.end(v2Answer));
  const { code, stderr, stdout } = await runIn(
    place,
    ...['-m', 'm', '-u', stub.url, '--request-rate-range', '100:300:100', '--load-shape', 'ramp:0.5-1:100ms'],
    ...['--binary-search', '-l', '60000', '--request-count', '20', '--json', 'run.json'],
  );
  t.is(code, 0, stderr);
  const run = readRun(place);
  t.deepEqual(schemaErrors(run), []);
  t.deepEqual(
    run.levels.map(({ load }) => load.kind === 'request-rate' && [load.requestsPerSecond, load.shape.kind]),
    [
      [100, 'ramp'],
      [300, 'ramp'],
    ],
  );
  t.regex(stdout, /The highest level that was below 60000 ms, stable and not invalid: request rate 300\./);
});

const threads = ['--max-threads', '2', '--json', 'run.json'];

test('--max-threads with --binary-search finds the level at which the latency is reached', async (t) => {
  await using place = createWorkplace();
  // A serial server of 20 ms: n requests in flight take 20 n ms.
  let free = Promise.resolve();
  await using stub = await startV2Stub((response) => {
    free = free.then(() => new Promise((resolve) => setTimeout(resolve, 20)));
    void free.then(() => response.end(v2Answer));
  });
  const { code, stderr } = await runIn(
    place,
    ...['-m', 'm', '-u', stub.url, '--concurrency-range', '1:16:1', '--binary-search', '-l', '130', '-s', '1000'],
    ...['--measurement-mode', 'count_windows', '--measurement-request-count', '20', ...threads],
  );
  t.is(code, 0, stderr);
  const { levels } = readRun(place);
  const concurrencies = levels.map(({ load }) => (load.kind === 'concurrency' ? load.concurrency : 0));
  t.deepEqual(concurrencies.slice(0, 3), [1, 16, 8]);
  t.deepEqual(
    levels.map(({ isOverLimit }) => isOverLimit),
    levels.map(({ summary }) => (summary.latency?.meanMs ?? 0) >= 130),
  );
  t.true(levels.every(({ clientHealth }) => clientHealth.threads?.length === 2));
  const within = concurrencies.filter((_, index) => levels[index]?.isOverLimit === false);
  const over = concurrencies.filter((_, index) => levels[index]?.isOverLimit === true);
  t.is(Math.min(...over) - Math.max(...within), 1);
});

test('--max-threads with --load-shape and --request-intervals sends the whole schedule', async (t) => {
  await using place = createWorkplace();
  await using stub = await startV2Stub((response) => response.end(v2Answer));
  const own = ['-m', 'm', '-u', stub.url, ...threads];
  const shaped = await runIn(
    place,
    ...[...own, '--request-rate-range', '200', '--load-shape', 'step:0.5,2:1s', '-p', '2000', '-r', '1'],
  );
  t.true(shaped.code === 0 || shaped.code === 2, shaped.stderr);
  const [level] = readRun(place).levels;
  t.is(level?.summary.pacing?.intended, 499); // 100 in the first second, 400 in the second, of which the last is due at its end
  t.is(level?.clientHealth.threads?.length, 2);
  writeFileSync(place.path('gaps.txt'), '1000\n2000\n5000\n');
  t.is((await runIn(place, ...own, '--request-intervals', 'gaps.txt', '--request-count', '60')).code, 0);
  const [given] = readRun(place).levels;
  t.deepEqual([given?.requests.sent, given?.clientHealth.threads?.length], [60, 2]);
  // 20 rounds of 8 ms, but for the time before the first.
  t.true((given?.summary.durationMs ?? 0) >= 159);
  t.is(given?.load.kind === 'request-intervals' ? given.load.requestsPerSecond : 0, 375);
});

test('--max-threads with --fixed-schedule sends each step once, at its time', async (t) => {
  await using place = createWorkplace();
  const seen: number[] = [];
  await using stub = await startV2Stub((response, request) => {
    void request.toArray().then((pieces) => {
      const body = Buffer.concat(pieces);
      seen.push(body.readFloatLE(body.length - 4));
      response.end(v2Answer);
    });
  });
  const data = Array.from({ length: 20 }, (_, index) => ({ IN: [index], timestamp: [index * 15] }));
  writeFileSync(place.path('data.json'), JSON.stringify({ data }));
  const { code, stderr } = await place.run(
    ...['-m', 'm', '-u', stub.url, '--fixed-schedule', '--input-data', 'data.json', ...threads],
  );
  t.is(code, 0, stderr);
  t.deepEqual(
    seen.toSorted((left, right) => left - right),
    data.map(({ IN: [value] }) => value),
  );
  const [level] = readRun(place).levels;
  t.is(level?.requests.ok, 20);
  t.true((level?.summary.durationMs ?? 0) >= 285);
  t.is(level?.clientHealth.threads?.length, 2);
});

test('--periodic-concurrency-range grows within its level', async (t) => {
  await using place = createWorkplace();
  await using stub = await startV2Stub((response) => response.end(v2Answer));
  const { code, stderr, stdout } = await runIn(
    place,
    ...['-m', 'm', '-u', stub.url, '--periodic-concurrency-range', '1:5:2', '--request-period', '4'],
    ...['--request-count', '60', '--json', 'run.json'],
  );
  t.is(code, 0, stderr);
  const run = readRun(place);
  t.deepEqual(schemaErrors(run), []);
  t.deepEqual(run.settings.load, { kind: 'periodic-concurrency', start: 1, end: 5, step: 2, requestPeriod: 4 });
  t.is(stub.inferences(), 60);
  t.regex(stdout, /Concurrency: 5, throughput/);
});

const stepsAt = (...timestamps: readonly unknown[]): string =>
  JSON.stringify({ data: timestamps.map((timestamp, index) => ({ timestamp, IN: [index] })) });

const timestampForms: readonly (readonly [string, (ms: number) => unknown])[] = [
  ['a number', (ms) => ms],
  ['a list of one', (ms) => [ms]],
];
for (const [form, write] of timestampForms) {
  test(`--fixed-schedule sends each step at its time, ${form}, once`, async (t) => {
    await using place = createWorkplace();
    const bodies: number[] = [];
    await using stub = await startV2Stub((response, request) => {
      request.on('data', (bytes: Buffer) => bodies.push(bytes.readFloatLE(bytes.length - 4)));
      response.end(v2Answer);
    });
    writeFileSync(place.path('steps.json'), stepsAt(...[0, 40, 40, 250].map((ms) => write(ms))));
    const { code, stderr } = await runIn(
      place,
      ...['-m', 'm', '-u', stub.url, '--fixed-schedule', '--input-data', 'steps.json', '--json', 'run.json'],
    );
    t.is(code, 0, stderr);
    const run = readRun(place);
    t.deepEqual(schemaErrors(run), []);
    t.deepEqual(bodies.toSorted(), [0, 1, 2, 3]);
    t.like(run.levels[0]?.requests, { intended: 4, sent: 4, ok: 4 });
    t.true((run.levels[0]?.summary.durationMs ?? 0) >= 250);
  });
}

for (const [what, timestamps, message] of [
  ['a step without a time', [0, undefined], /steps\.json, step 1: expected a timestamp in whole ms/],
  ['a list of two times', [0, [5, 6]], /step 1: expected a timestamp in whole ms, .* got \[5,6\]/],
  ['a list with no number', [0, ['5']], /step 1: expected a timestamp in whole ms/],
  ['a time that goes back', [5, 4], /step 1: expected .* not before the last one \(5\), got 4/],
] as const) {
  test(`--fixed-schedule refuses ${what}`, async (t) => {
    await using place = createWorkplace();
    writeFileSync(place.path('steps.json'), stepsAt(...timestamps));
    const refusal = await refusalOf('-m', 'm', '--fixed-schedule', '--input-data', place.path('steps.json'));
    t.is(refusal.code, 64);
    t.regex(refusal.message, message);
  });
}

test('--fixed-schedule refuses a batch', async (t) => {
  await using place = createWorkplace();
  writeFileSync(place.path('steps.json'), stepsAt(0, 5));
  const steps = ['--fixed-schedule', '--input-data', place.path('steps.json')];
  const { code, message } = await refusalOf('-m', 'm', ...steps, '-b', '2');
  t.is(code, 64);
  t.regex(message, /Cannot use -b with --fixed-schedule: expected 1, a time for each step, got 2/);
});
