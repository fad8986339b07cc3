import { gunzipSync, inflateSync } from 'node:zlib';
import test from 'ava';
import type { Run } from '../../src/core/run.js';
import { createWorkplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { serverForAll } from '../helpers/shared-server.js';
import { type Seen, startWitness } from '../helpers/witness.js';

const brief = ['--measurement-mode', 'count_windows', '--measurement-request-count', '20', '-r', '3', '-s', '100000'];

const server = serverForAll(['simple']);

/** Runs the command against the witness in front of the server; what it saw. */
async function witnessed(...flags: readonly string[]): Promise<{ seen: readonly Seen[]; run: Run; stderr: string }> {
  await using place = createWorkplace();
  await using witness = await startWitness(server().port);
  const url = `http://127.0.0.1:${witness.port}`;
  const { code, stderr } = await runIn(place, '-m', 'simple', '-u', url, ...brief, '--json', 'run.json', ...flags);
  if (code !== 0) throw new Error(stderr);
  return { seen: witness.seen, run: readRun(place, 'run.json'), stderr };
}

const inferences = (seen: readonly Seen[]): Seen[] => seen.filter(({ path }) => path.endsWith('/infer'));

test('perf-analyze -H sends its headers with every request, to the control plane too', async (t) => {
  const { seen, run } = await witnessed('-H', 'X-Key: secret', '-H', 'Authorization:Bearer token');
  t.true(seen.some(({ path }) => path === '/v2'));
  t.true(inferences(seen).length >= 20);
  t.true(seen.every(({ headers }) => headers['x-key'] === 'secret' && headers.authorization === 'Bearer token'));
  t.deepEqual(run.settings.wire.headerNames, ['X-Key', 'Authorization']);
  t.false(JSON.stringify(run).includes('secret'));
});

test('perf-analyze sends and asks for JSON, and the parameters that it was given', async (t) => {
  const { seen, run } = await witnessed(
    ...['--input-tensor-format', 'json', '--output-tensor-format', 'json'],
    ...['--request-parameter', 'priority:1:int', '--request-parameter', 'tag:a b:string'],
  );
  const [first] = inferences(seen);
  t.is(first?.headers['inference-header-content-length'], undefined);
  t.is(first?.answered['inference-header-content-length'], undefined);
  const sent = JSON.parse(first?.body.toString() ?? '');
  t.deepEqual(sent.parameters, { priority: 1, tag: 'a b' });
  t.is(sent.inputs[0].data.length, 16);
  t.is(JSON.parse(first?.answer.toString() ?? '').outputs[0].data.length, 16);
  t.deepEqual(run.settings.wire.requestParameters, { priority: 1, tag: 'a b' });
  t.is(run.levels[0]?.summary.failedRequests, 0);
});

test('perf-analyze sends binary inputs and takes JSON outputs', async (t) => {
  const { seen } = await witnessed('--output-tensor-format', 'json');
  const [first] = inferences(seen);
  t.truthy(first?.headers['inference-header-content-length']);
  t.is(first?.answered['inference-header-content-length'], undefined);
});

for (const compression of ['gzip', 'deflate'] as const) {
  test(`perf-analyze --http-compression ${compression} compresses both ways`, async (t) => {
    const { seen, run } = await witnessed('--http-compression', compression, '-b', '8');
    const decode = compression === 'gzip' ? gunzipSync : inflateSync;
    const [first] = inferences(seen);
    t.is(first?.headers['content-encoding'], compression);
    t.is(first?.answered['content-encoding'], compression);
    const plain = decode(first?.body ?? '');
    const headerLength = Number(first?.headers['inference-header-content-length']);
    t.is(JSON.parse(plain.toString('utf8', 0, headerLength)).inputs[0].name, 'INPUT0');
    t.is(plain.length, headerLength + 2 * 8 * 16 * 4);
    t.true(decode(first?.answer ?? '').length > (first?.answer.length ?? 0));
    t.is(run.settings.wire.compression, compression);
    t.is(run.levels[0]?.summary.failedRequests, 0);
  });

  test(`perf-analyze --grpc-compression-algorithm ${compression} is understood by the embedded server`, async (t) => {
    await using place = createWorkplace();
    const where = ['-i', 'grpc', '-u', server().urlOf('grpc')];
    const flags = ['--grpc-compression-algorithm', compression, '--json', 'run.json'];
    const { code, stderr } = await runIn(place, '-m', 'simple', ...where, ...brief, ...flags);
    t.is(code, 0, stderr);
    const run = readRun(place, 'run.json');
    t.is(run.settings.wire.compression, compression);
    t.is(run.levels[0]?.summary.failedRequests, 0);
  });
}
