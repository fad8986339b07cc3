import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import type { Run } from '../../src/core/run.js';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { serverForAll } from '../helpers/shared-server.js';

const brief = ['--measurement-mode', 'count_windows', '--measurement-request-count', '60', '-r', '3', '-s', '100000'];
const readRun = (place: Workplace): Run => JSON.parse(readFileSync(place.path('run.json'), 'utf8')) as Run;
const row = (value: (index: number) => number): number[] => Array.from({ length: 16 }, (_, index) => value(index));

const data = [
  { INPUT0: row((index) => index), INPUT1: row(() => 2) },
  { INPUT0: row(() => 5), INPUT1: row(() => 5) },
];
const right = [{ OUTPUT0: row((index) => index + 2), OUTPUT1: row((index) => index - 2) }, { OUTPUT1: row(() => 0) }];
const wrong = [{}, { OUTPUT1: row((index) => (index === 7 ? 1 : 0)) }];

const simple = serverForAll(['simple']);

for (const protocol of ['http', 'grpc'] as const) {
  test(`perf-analyze compares answers with validation_data over ${protocol}`, async (t) => {
    await using place = createWorkplace();
    const run = (validation_data: unknown, ...args: readonly string[]) => {
      writeFileSync(place.path('data.json'), JSON.stringify({ data, validation_data }));
      const file = ['--input-data', 'data.json', '--json', 'run.json'];
      const url = simple().urlOf(protocol);
      return runIn(place, '-m', 'simple', '-i', protocol, '-u', url, ...file, ...args, ...brief);
    };
    const fine = await run(right);
    t.is(fine.code, 0, fine.stderr);
    t.deepEqual(readRun(place).levels[0]?.failures, []);

    const failed = await run(wrong);
    t.is(failed.code, 2, failed.stderr);
    const level = readRun(place).levels[0];
    t.deepEqual(schemaErrors(readRun(place)), []);
    t.is(level?.failures[0]?.code, 'validation');
    t.is(level?.failures[0]?.firstMessage, "output 'OUTPUT1', index 7: expected 1, got 0");
    t.is(level?.windows[0]?.failedRequests, 30);
    t.regex(failed.stdout, /\(validation\): output 'OUTPUT1', index 7: expected 1, got 0/);

    const tolerant = await run(wrong, '--tolerance', '1');
    t.is(tolerant.code, 0, tolerant.stderr);
  });
}

/** A server that says 200 to everything, and means it only about metadata. */
async function startGarbageServer(answer: string): Promise<Server> {
  const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [2] });
  const metadata: Readonly<Record<string, unknown>> = {
    '/v2': { name: 'garbage', version: '1', extensions: [] },
    '/v2/models/m': { name: 'm', versions: ['1'], platform: 'none', inputs: [tensor('x')], outputs: [tensor('y')] },
    '/v2/models/m/ready': {},
    '/v2/models/m/config': { max_batch_size: 0 },
  };
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      const known = metadata[request.url ?? ''];
      response.end(known === undefined ? answer : JSON.stringify(known));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

for (const [what, answer] of [
  ['a page', '<html>welcome</html>'],
  ['nothing', ''],
  ['too few elements', '{"model_name":"m","outputs":[{"name":"y","datatype":"FP32","shape":[2],"data":[1]}]}'],
] as const) {
  test(`perf-analyze does not take a 200 with ${what} for an answer`, async (t) => {
    await using place = createWorkplace();
    const server = await startGarbageServer(answer);
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await runIn(place, '-m', 'm', '-u', `127.0.0.1:${port}`, '--json', 'run.json', ...brief);
    server.close();
    t.is(code, 3, stderr);
    const level = readRun(place).levels[0];
    t.is(level?.summary.requests, 0);
    t.deepEqual(
      level?.failures.map(({ code }) => code),
      ['protocol'],
    );
  });
}
