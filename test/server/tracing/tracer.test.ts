import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ns } from '../../../src/core/units.js';
import { noParameters } from '../../../src/protocol/infer.js';
import { RefusalError } from '../../../src/server/refusal.js';
import type { TraceSettings } from '../../../src/server/tracing/trace-settings.js';
import { Tracer } from '../../../src/server/tracing/tracer.js';
import { simpleRequest } from '../live-service.js';
import { stagedClock } from '../staged-clock.js';

async function open(settings: Partial<TraceSettings> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'perf-analyze-test-'));
  const clock = stagedClock();
  const lines: string[] = [];
  const tracer = new Tracer({
    settings: { trace_file: join(folder, 'trace'), trace_level: ['TIMESTAMPS'], trace_rate: '1', ...settings },
    clock,
    log: (line) => lines.push(line),
  });
  const times = { start: ns(1), computeStart: ns(2), computeEnd: ns(3), end: ns(4) };
  const request = { ...simpleRequest(7), id: 'mine' };
  const response = { modelName: 'simple', modelVersion: '1', id: 'mine', parameters: noParameters };
  const infer = (modelName = 'simple') =>
    tracer.run({ ...request, modelName }, '1', async (onExecuted) => {
      onExecuted(times);
      await clock.advanceTo(5);
      return { ...response, outputs: request.inputs.slice(1) };
    });
  const files = async () => {
    await tracer[Symbol.asyncDispose]();
    const names = (await readdir(folder)).toSorted();
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    return Object.fromEntries(names.map((name, index) => [name, JSON.parse(texts[index] ?? '') as Trace[]]));
  };
  return { tracer, infer, request, files, lines, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

interface Trace {
  readonly id: number;
  readonly model_name?: string;
}

const ids = (traces: readonly Trace[] = []) => [...new Set(traces.map(({ id }) => id))];
const change = (...entries: [string, string[]][]) => new Map(entries);

test('Tracer writes what a request was and when it did what', async (t) => {
  await using opened = await open();
  await opened.infer();
  t.deepEqual(await opened.files(), {
    trace: [
      { id: 1, model_name: 'simple', model_version: 1, request_id: 'mine' },
      {
        id: 1,
        timestamps: [
          { name: 'REQUEST_START', ns: 0 },
          { name: 'QUEUE_START', ns: 0 },
          { name: 'COMPUTE_START', ns: 1 },
          { name: 'COMPUTE_INPUT_END', ns: 2 },
          { name: 'COMPUTE_OUTPUT_START', ns: 3 },
          { name: 'COMPUTE_END', ns: 4 },
          { name: 'REQUEST_END', ns: 5 },
        ],
      },
    ],
  } as never);
});

test('Tracer writes the tensors of requests that end well', async (t) => {
  await using opened = await open({ trace_level: ['TENSORS'] });
  await opened.infer();
  const refused = opened.tracer.run(opened.request, '1', () => Promise.reject(new RefusalError('internal', 'no')));
  await t.throwsAsync(refused, { message: 'no' });
  const { trace = [] } = await opened.files();
  const sevens = Array(16).fill(7).join(',');
  t.deepEqual(trace.slice(2), [
    { id: 1, activity: 'TENSOR_QUEUE_INPUT', tensor: { name: 'INPUT1', data: sevens, shape: '1,16', dtype: 'INT32' } },
    {
      id: 1,
      activity: 'TENSOR_BACKEND_OUTPUT',
      tensor: { name: 'INPUT1', data: sevens, shape: '1,16', dtype: 'INT32' },
    },
    { id: 2, model_name: 'simple', model_version: 1, request_id: 'mine' },
  ] as never);
});

test('Tracer traces one in so many, and no more than so many', async (t) => {
  await using opened = await open({ trace_rate: '3', trace_count: '2' });
  for (let count = 0; count < 5; count++) await opened.infer();
  t.is(opened.tracer.settings('').trace_count, '1');
  for (let count = 0; count < 10; count++) await opened.infer();
  t.is(opened.tracer.settings('').trace_count, '0');
  t.deepEqual(ids((await opened.files())['trace']), [1, 2]);
});

test('Tracer writes files of so many traces each, the last one when it ends', async (t) => {
  await using opened = await open({ log_frequency: '2' });
  for (let count = 0; count < 5; count++) await opened.infer();
  const files = await opened.files();
  t.deepEqual(
    Object.entries(files).map(([name, traces]) => [name, ids(traces)]),
    [
      ['trace.0', [1, 2]],
      ['trace.1', [3, 4]],
      ['trace.2', [5]],
    ],
  );
});

test('A model has the settings of the server but for its own, and gets them back when its own are cleared', async (t) => {
  await using opened = await open({ trace_level: ['OFF'] });
  const { tracer } = opened;
  t.false(tracer.isOn);
  t.deepEqual(tracer.update('simple', change(['trace_level', ['TIMESTAMPS']])).trace_level, ['TIMESTAMPS']);
  t.true(tracer.isOn);
  t.deepEqual(tracer.settings('').trace_level, ['OFF']);
  await opened.infer('other');
  await opened.infer('simple');
  t.is(tracer.update('', change(['trace_rate', ['9']], ['trace_count', ['4']])).trace_rate, '9');
  t.like(tracer.settings('simple'), { trace_rate: '9', trace_count: '4', trace_level: ['TIMESTAMPS'] });
  t.deepEqual(tracer.update('simple', change(['trace_level', []])).trace_level, ['OFF']);
  t.is(tracer.update('', change(['trace_rate', []], ['trace_count', []])).trace_rate, '1');
  t.false(tracer.isOn);
  t.deepEqual(
    (await opened.files())['trace']?.flatMap(({ model_name }) => model_name ?? []),
    ['simple'],
  );
});

test('Tracer changes all of the settings or none', async (t) => {
  await using opened = await open();
  const before = opened.tracer.settings('');
  for (const [name, values, reason, message] of [
    ['trace_file', ['x'], 'unsupported', /'trace_file' can not be updated/],
    ['trace_speed', ['1'], 'invalid-argument', /unknown trace setting 'trace_speed'/],
    ['constructor', ['1'], 'invalid-argument', /unknown trace setting 'constructor'/],
    ['trace_level', ['LOUD'], 'invalid-argument', /'trace_level' must be of OFF, TIMESTAMPS, TENSORS, got 'LOUD'/],
    ['trace_level', ['OFF', 'TENSORS'], 'invalid-argument', /OFF must be the only one/],
    ['trace_rate', ['-1'], 'invalid-argument', /'trace_rate' must be an integer from 0, got '-1'/],
    ['trace_count', ['-2'], 'invalid-argument', /'trace_count' must be an integer from -1, got '-2'/],
    ['log_frequency', ['1', '2'], 'invalid-argument', /'log_frequency' must be an integer from 0, got '1, 2'/],
  ] as const) {
    const changes = change(['trace_rate', ['5']], [name, [...values]]);
    t.like(
      t.throws(() => opened.tracer.update('', changes), { message }),
      { reason },
    );
    t.deepEqual(opened.tracer.settings(''), before);
  }
});

test('Tracer says so when it cannot trace for want of a file', async (t) => {
  await using opened = await open({ trace_file: '', trace_level: ['OFF'] });
  opened.tracer.update('', change(['trace_level', ['TIMESTAMPS']]));
  t.deepEqual(opened.lines, ['warning: nothing is traced without a trace file (--trace-config triton,file=PATH)']);
  t.false(opened.tracer.isOn);
});

test('Tracer tells once that its file cannot be written, and goes on answering', async (t) => {
  await using opened = await open({ trace_file: '/nowhere/trace' });
  await opened.infer();
  await opened.infer();
  t.deepEqual(await opened.files(), {});
  t.is(opened.lines.length, 1);
  t.regex(opened.lines[0] ?? '', /^error: cannot write the trace file \/nowhere\/trace: ENOENT/);
});
