import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import test from 'ava';
import { createWorkplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { startV2Stub, v2Answer } from '../helpers/v2-stub.js';

type Parameters = Readonly<Record<string, unknown>>;

async function parametersOf(request: IncomingMessage): Promise<Parameters> {
  const pieces = await request.toArray();
  const length = Number(request.headers['inference-header-content-length']);
  return JSON.parse(Buffer.concat(pieces).toString('utf8', 0, length)).parameters;
}

/** A stub, and the parameters of the inference requests that it gets. */
async function startRecorder() {
  const seen: Parameters[] = [];
  const stub = await startV2Stub((response, request) => {
    void parametersOf(request).then((parameters) => {
      seen.push(parameters);
      response.end(v2Answer);
    });
  });
  return { seen, stub };
}

test('a model with sequence_batching gets sequences by itself, at each level and in its warm-up', async (t) => {
  await using place = createWorkplace();
  const { seen, stub } = await startRecorder();
  await using _stub = stub;
  const { code, stdout, stderr } = await runIn(
    place,
    ...['-m', 'stateful', '-u', stub.url, '--concurrency-range', '2:3', '--request-count', '50'],
    ...['--warmup-request-count', '10', '--request-parameter', 'note:1:int', '--json', 'run.json'],
    ...['--profile-export-file', 'profile.json'],
  );
  t.is(code, 0, stderr);
  const run = readRun(place, 'run.json');
  t.deepEqual(run.settings.sequences, {
    concurrent: 4,
    length: 20,
    lengthVariationPercent: 20,
    firstId: 1,
    idCount: 4_294_967_295,
    isSerial: false,
  });
  const starts = seen.filter(({ sequence_start }) => sequence_start === true);
  const ends = seen.filter(({ sequence_end }) => sequence_end === true);
  const ids = (list: readonly Parameters[]) =>
    list.map(({ sequence_id }) => Number(sequence_id)).toSorted((a, b) => a - b);
  t.deepEqual(
    ids(starts),
    Array.from({ length: starts.length }, (_, index) => index + 1),
  );
  t.deepEqual(ids(ends), ids(starts));
  t.true(seen.every(({ note }) => note === 1));
  for (const { requests, sequences } of run.levels) {
    t.is(requests.sent, 50);
    t.true((sequences?.begun ?? 0) > (sequences?.completed ?? 0));
    t.is(sequences?.failed, 0);
  }
  const { experiments } = JSON.parse(readFileSync(place.path('profile.json'), 'utf8'));
  const profiled: number[] = experiments.flatMap(({ requests }: { requests: { sequence_id: number }[] }) =>
    requests.map(({ sequence_id }) => sequence_id),
  );
  t.is(profiled.length, 100);
  t.true(profiled.every((id) => ids(starts).includes(id)));
  t.regex(stdout, /sequences: of 20 requests ± 20 %, one for each request in flight/);
});

test('a model without sequence_batching gets them when a flag says something of them', async (t) => {
  await using place = createWorkplace();
  const { seen, stub } = await startRecorder();
  await using _stub = stub;
  const once = ['-m', 'm', '-u', stub.url, '--request-count', '4', '--json', 'run.json'];
  t.is((await runIn(place, ...once)).code, 0);
  t.is(readRun(place, 'run.json').settings.sequences, undefined);
  t.deepEqual(seen.splice(0), Array(4).fill({ binary_data_output: true }));
  t.is((await runIn(place, ...once, '--sequence-length', '2', '--sequence-length-variation', '0')).code, 0);
  t.deepEqual(
    seen.map(({ sequence_id, sequence_start, sequence_end }) => [sequence_id, sequence_start, sequence_end]),
    [
      [1, true, false],
      [1, false, true],
      [2, true, false],
      [2, false, true],
    ],
  );
});

test('a model with sequence_batching refuses what sequences cannot have, before the first request', async (t) => {
  await using place = createWorkplace();
  await using stub = await startV2Stub((response) => response.end(v2Answer));
  const { code, stderr } = await runIn(place, '-m', 'stateful', '-u', stub.url, '--http-compression', 'gzip');
  t.is(code, 64);
  t.regex(
    stderr,
    /Cannot use compression with sequences: expected none, since every request differs and would be compressed while it is due, got gzip/,
  );
  t.is(stub.inferences(), 0);
});
