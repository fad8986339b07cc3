import { mkdirSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { startRegionWitness } from '../helpers/region-witness.js';
import { serverForAll } from '../helpers/shared-server.js';

const tensorConfig = (kind: string, name: string): string =>
  `${kind} { name: "${name}" data_type: TYPE_FP32 dims: [ -1, -1 ] }`;

/** A model that gives back what it got: at once when it is small, and after half a second when it is large. */
async function writeSlowModel(place: Workplace): Promise<void> {
  mkdirSync(place.path('models/slow/1'), { recursive: true });
  writeFileSync(
    place.path('models/slow/1/model.mjs'),
    `const never = new Int32Array(new SharedArrayBuffer(4));
    export function execute(requests) {
      return requests.map(({ inputs: { INPUT0: { shape, data } } }) => {
        if (data.length > 1000) Atomics.wait(never, 0, 0, 500);
        return { outputs: { OUTPUT0: { shape, data } } };
      });
    }`,
  );
  writeFileSync(
    place.path('models/slow/config.pbtxt'),
    `backend: "javascript" max_batch_size: 0 ${tensorConfig('input', 'INPUT0')} ${tensorConfig('output', 'OUTPUT0')} instance_group { count: 2 }`,
  );
}

const server = serverForAll(writeSlowModel, '--allow-client-shm');

const noRegion = 'no shared-memory region is free: the server may still write into those of';

for (const threads of ['1', '2']) {
  test(`perf-analyze --shared-memory system: no region is used again while the server may write into it, threads ${threads}`, async (t) => {
    await using place = createWorkplace();
    await using witness = await startRegionWitness(Number(server().port));
    const { code, stderr } = await runIn(
      place,
      ...['-m', 'slow', '-u', witness.url, '--shared-memory', 'system', '--output-shared-memory-size', '600000'],
      ...['--input', 'INPUT0:constant(0.001)', '--shape', 'INPUT0:4,4@4', '--shape', 'INPUT0:384,384@1'],
      ...['--concurrency-range', '2:3', '--max-threads', threads, '--request-timeout', '150', '--request-count', '60'],
      ...['--json', 'run.json'],
    );
    t.is(code, 2, stderr); // invalid, with so many failures
    t.deepEqual(witness.shared, []);
    const { levels } = readRun(place, 'run.json');
    for (const { requests, failures } of levels) {
      const { sent, ok, failed, inFlight } = requests;
      t.deepEqual([sent, ok + failed + inFlight], [60, 60]);
      t.true(ok > 0);
      const texts = new Map(failures.map(({ code, firstMessage }) => [code, firstMessage]));
      t.is(texts.get('timeout'), 'no complete answer within 150 ms');
      t.regex(texts.get('connect') ?? noRegion, new RegExp(`^${noRegion}`));
      t.deepEqual(
        [...texts.keys()].filter((code) => code !== 'timeout' && code !== 'connect'),
        [],
      );
    }
  });
}
