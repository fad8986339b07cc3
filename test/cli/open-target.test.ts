import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test from 'ava';
import { connect, type Protocol } from '../../src/cli/connect.js';
import { openServers } from '../../src/cli/open-servers.js';
import { openTarget } from '../../src/cli/open-target.js';
import type { RunSettings } from '../../src/core/run-settings.js';
import { startGrpcServer } from '../../src/server/grpc/grpc-server.js';
import { startHttpServer } from '../../src/server/http/http-server.js';
import { createInMemoryService, type InMemoryService } from '../contract/in-memory-service.js';
import { levelFixture, runFixture } from '../helpers/run-fixture.js';

const base = runFixture([levelFixture({ concurrency: 1, latenciesMs: [1] })]).settings;

async function open(protocol: Protocol, change: Partial<RunSettings>, service = createInMemoryService()) {
  const address = { host: '127.0.0.1', port: 0, log: () => undefined };
  const endpoint =
    protocol === 'http'
      ? await startHttpServer(service, { ...address, maxInputBytes: 1000 })
      : await startGrpcServer(service, address);
  const url = `127.0.0.1:${endpoint.port}`;
  try {
    await using client = await connect(protocol, url);
    const settings = { ...base, modelName: 'simple', modelVersion: '', batchSize: 1, ...change, protocol };
    return { target: await openTarget(client, settings, url), refusal: undefined, url };
  } catch (thrown) {
    return { target: undefined, refusal: (thrown as Error).message.replace(url, 'URL'), url };
  } finally {
    await endpoint.close(0);
  }
}

for (const protocol of ['http', 'grpc'] as const) {
  test(`openTarget over ${protocol} learns what server and model say of themselves`, async (t) => {
    const { target } = await open(protocol, { batchSize: 8 });
    t.like(target, {
      server: { name: 'triton' },
      model: { name: 'simple', version: '1', platform: 'onnxruntime_onnx', maxBatchSize: 8 },
      hasStatistics: true,
    });
    t.deepEqual(
      target?.metadata.inputs.map(({ name }) => name),
      ['INPUT0', 'INPUT1'],
    );
  });
}

const refusals: readonly [what: string, change: Partial<RunSettings>, message: RegExp][] = [
  [
    'an unknown model',
    { modelName: 'ghost' },
    /^Cannot measure model 'ghost': expected it to be ready on URL, got a server that has simple, identity_bool, /,
  ],
  [
    'a model that is not loaded',
    { modelName: 'asleep' },
    /^Cannot measure model 'asleep': expected it to be ready on URL, got (UNAVAILABLE|a model that was never loaded)/,
  ],
  [
    'an unknown version',
    { modelVersion: '7' },
    /^Cannot measure version 7 of model 'simple': expected it to be ready on URL, got a server that has version 1 of it$/,
  ],
  [
    'a batch over the maximum',
    { batchSize: 9 },
    /^Cannot use -b 9 with model 'simple': expected at most 8, its max_batch_size, got 9$/,
  ],
  [
    'a batch for a model that does not batch',
    { modelName: 'identity_fp32', batchSize: 2 },
    /^Cannot use -b 2 with model 'identity_fp32': expected 1, since the server says of no batching, got 2$/,
  ],
];

for (const [what, change, message] of refusals) {
  test(`openTarget refuses ${what} in one line`, async (t) => {
    t.regex((await open('http', change)).refusal ?? '', message);
  });
}

test('openTarget measures a server without configuration and statistics as one that does not batch', async (t) => {
  const service: InMemoryService = createInMemoryService();
  const plain = Object.assign(Object.create(service) as InMemoryService, {
    serverMetadata: () => ({ name: 'other', version: '3', extensions: [] }),
    modelConfig: () => {
      throw new Error('no such extension');
    },
  });
  const { target } = await open('http', {}, plain);
  t.like(target, { server: { name: 'other', version: '3' }, model: { maxBatchSize: 0 }, hasStatistics: false });
  t.false('config' in (target?.model ?? {}));
});

test('openTarget says when nothing answers', async (t) => {
  await using client = await connect('http', '127.0.0.1:9');
  await t.throwsAsync(openTarget(client, base, '127.0.0.1:9'), {
    message: /^Cannot reach a v2 server: expected an answer from 127\.0\.0\.1:9, got /,
  });
});

for (const protocol of ['http', 'grpc'] as const) {
  test(`openServers over ${protocol} leaves a server that says nothing when it is interrupted`, async (t) => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const interrupt = new AbortController();
    silent.once('connection', (socket) => {
      t.teardown(() => socket.destroy());
      interrupt.abort('interrupted');
    });
    const opening = openServers({ ...base, modelName: 'simple', protocol }, [url], {}, interrupt.signal);
    t.is(await opening.catch((reason: unknown) => reason), 'interrupted');
    silent.close();
  });
}
