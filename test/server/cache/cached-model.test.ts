import test from 'ava';
import { createGrpcClient } from '../../../src/client/grpc-client.js';
import { createHttpClient } from '../../../src/client/http-client.js';
import type { V2Client } from '../../../src/client/v2-client.js';
import { startServer } from '../../../src/server/start-server.js';
import { type LiveService, liveService, oneInstance, simpleModel, simpleRequest } from '../live-service.js';

const cached = 'max_batch_size: 8 response_cache { enable: true }';

const countsOf = ({ service }: LiveService) => {
  const [statistics] = service.statistics({ name: 'simple', version: '' });
  if (statistics === undefined) throw new Error('no statistics');
  const { success, queue, compute_infer, cache_hit, cache_miss, fail } = statistics.inference_stats;
  return {
    success: success.count,
    fail: fail.count,
    queue: queue.count,
    compute: compute_infer.count,
    hits: cache_hit.count,
    misses: cache_miss.count,
    inferences: statistics.inference_count,
    executions: statistics.execution_count,
  };
};

async function open(live: LiveService, protocol: 'http' | 'grpc') {
  const server = await startServer(live.service, { httpPort: 0, grpcPort: 0, metricsPort: 0, log: () => undefined });
  const client: V2Client =
    protocol === 'http'
      ? createHttpClient({ origin: `http://127.0.0.1:${server.ports.http}` })
      : createGrpcClient({ address: `127.0.0.1:${server.ports.grpc}` });
  const metrics = async () =>
    (await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text())
      .split('\n')
      .filter((line) => line.startsWith('nv_cache_num'));
  return {
    client,
    metrics,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

for (const protocol of ['http', 'grpc'] as const) {
  test(`a model with response_cache answers the same request from the cache, over ${protocol}`, async (t) => {
    await using live = await liveService(simpleModel(cached), { cacheBytes: 2 ** 20 });
    await using opened = await open(live, protocol);
    const answers = [];
    for (const start of [1, 2, 1, 1]) answers.push(await opened.client.infer(simpleRequest(start)));
    t.deepEqual(answers[2]?.outputs, answers[0]?.outputs);
    t.notDeepEqual(answers[1]?.outputs, answers[0]?.outputs);
    t.deepEqual(countsOf(live), {
      ...{ success: 4, fail: 0, queue: 4, compute: 2 },
      ...{ hits: 2, misses: 2, inferences: 2, executions: 2 },
    });
    t.deepEqual(await opened.metrics(), [
      'nv_cache_num_hits_per_model{model="simple",version="1"} 2',
      'nv_cache_num_misses_per_model{model="simple",version="1"} 2',
    ]);
  });
}

test('only the outputs that are asked for come from the cache, with the id of the request', async (t) => {
  await using live = await liveService(simpleModel(cached), { cacheBytes: 2 ** 20 });
  const outputs = [{ name: 'OUTPUT1', parameters: new Map() }];
  await live.service.infer(simpleRequest(1, 1, { outputs, id: 'a' }));
  const again = await live.service.infer(simpleRequest(1, 1, { outputs, id: 'b' }));
  t.is(again.id, 'b');
  t.deepEqual(
    again.outputs.map(({ name }) => name),
    ['OUTPUT1'],
  );
  t.is(countsOf(live).hits, 1);
});

test('a model that is loaded again is not answered from what it was', async (t) => {
  await using live = await liveService(simpleModel(cached), {
    cacheBytes: 2 ** 20,
    modelControlMode: 'explicit',
    loadModels: ['simple'],
  });
  await live.service.infer(simpleRequest(1));
  await live.repository.write('simple/config.pbtxt', oneInstance(`${cached} version_policy { all {} }`));
  await live.service.loadModel('simple', new Map());
  await live.service.infer(simpleRequest(1));
  t.deepEqual([countsOf(live).hits, countsOf(live).misses], [0, 2]);
});

test('without a cache, or without response_cache, every request is computed; the metrics are those of the model', async (t) => {
  await using without = await liveService(simpleModel(cached));
  await using notAsked = await liveService(simpleModel(), { cacheBytes: 2 ** 20 });
  for (const live of [without, notAsked]) {
    await live.service.infer(simpleRequest(1));
    await live.service.infer(simpleRequest(1));
    t.like(countsOf(live), { compute: 2, hits: 0, misses: 0 });
  }
  await using first = await open(without, 'http');
  await using second = await open(notAsked, 'http');
  t.is((await first.metrics()).length, 2);
  t.is((await second.metrics()).length, 0);
});
