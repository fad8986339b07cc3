import { mkdirSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { createWorkplace, startServer, type Workplace } from '../helpers/cli.js';
import { readRun } from '../helpers/read-run.js';
import { startRegionWitness } from '../helpers/region-witness.js';
import { tinyOnnx } from '../server/tiny-onnx.js';

const products = 150;
const tensor = (name: string) => ({ name, datatype: 'FP32' as const, shape: ['n', 'n'] });

const tensorConfig = (kind: string, name: string): string =>
  `${kind} { name: "${name}" data_type: TYPE_FP32 dims: [ -1, -1 ] }`;

/** A model that raises a matrix to a power: it takes no time for a small one, and half a second and more for a large one. */
function writeSlowModel(place: Workplace): void {
  const value = (index: number): string => (index === 0 ? 'INPUT0' : index === products ? 'OUTPUT0' : `power${index}`);
  const nodes = Array.from({ length: products }, (_, index) => ({
    ...{ op: 'MatMul', inputs: [value(index), 'INPUT0'], outputs: [value(index + 1)] },
  }));
  mkdirSync(place.path('models/slow/1'), { recursive: true });
  writeFileSync(
    place.path('models/slow/1/model.onnx'),
    tinyOnnx({ inputs: [tensor('INPUT0')], outputs: [tensor('OUTPUT0')], nodes }),
  );
  writeFileSync(
    place.path('models/slow/config.pbtxt'),
    `backend: "onnxruntime" max_batch_size: 0 ${tensorConfig('input', 'INPUT0')} ${tensorConfig('output', 'OUTPUT0')} instance_group { count: 2 }`,
  );
}

const noRegion = 'no shared-memory region is free: the server may still write into those of';

for (const threads of ['1', '2']) {
  test(`perf-analyze --shared-memory system: no region is used again while the server may write into it, threads ${threads}`, async (t) => {
    await using place = createWorkplace();
    writeSlowModel(place);
    const { server, port } = await startServer(place, '--allow-client-shm');
    t.teardown(() => server.child.kill('SIGKILL'));
    await using witness = await startRegionWitness(Number(port));
    const { code, stderr } = await place.run(
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
