import test from 'ava';
import { createGrpcClient } from '../../src/client/grpc-client.js';
import { createHttpClient } from '../../src/client/http-client.js';
import { type InferRequest, noParameters } from '../../src/protocol/infer.js';
import { buildModel, createWorkplace } from '../helpers/cli.js';

function simpleRequest(batch: number): InferRequest {
  const input = (name: string, of: (index: number) => number) => ({
    name,
    datatype: 'INT32' as const,
    shape: [batch, 16],
    parameters: noParameters,
    data: new Uint8Array(Int32Array.from({ length: batch * 16 }, (_, index) => of(index)).buffer),
  });
  return {
    modelName: 'simple',
    modelVersion: '',
    id: 'x',
    parameters: noParameters,
    inputs: [input('INPUT0', (index) => 1000 + index), input('INPUT1', (index) => 3 * index)],
    outputs: [],
  };
}

const values = (data: Uint8Array): number[] => [...new Int32Array(new Uint8Array(data).buffer)];

for (const protocol of ['http', 'grpc'] as const) {
  test(`our ${protocol} client gets sums and differences, and the server's times lie inside the client's`, async (t) => {
    await using place = createWorkplace();
    await buildModel(place, 'simple');
    const ports = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0'];
    const server = place.start('serve', '--model-repository', 'models', ...ports);
    const [, http] = await server.seen(/HTTP\s+\S*127\.0\.0\.1:(\d+)/);
    const [, grpc] = await server.seen(/gRPC\s+\S*127\.0\.0\.1:(\d+)/);
    await using client =
      protocol === 'http'
        ? createHttpClient({ origin: `http://127.0.0.1:${http}` })
        : createGrpcClient({ address: `127.0.0.1:${grpc}` });
    let clientMs = 0;
    for (const batch of [1, 8, 1, 8]) {
      const start = performance.now();
      const { outputs, id } = await client.infer(simpleRequest(batch));
      clientMs += performance.now() - start;
      t.is(id, 'x');
      const indexes = Array.from({ length: batch * 16 }, (_, index) => index);
      t.deepEqual(
        values(outputs[0]?.data ?? new Uint8Array()),
        indexes.map((index) => 1000 + 4 * index),
      );
      t.deepEqual(
        values(outputs[1]?.data ?? new Uint8Array()),
        indexes.map((index) => 1000 - 2 * index),
      );
    }
    const [stats] = await client.statistics({ name: 'simple' });
    if (stats === undefined) throw new Error('no statistics');
    const { success, queue, compute_input, compute_infer, compute_output } = stats.inference_stats;
    t.is(success.count, 4);
    t.is(stats.inference_count, 18);
    t.true(queue.ns + compute_input.ns + compute_infer.ns + compute_output.ns <= success.ns);
    t.true(success.ns / 1e6 <= clientMs, `server ${success.ns / 1e6} ms, client ${clientMs} ms`);
    server.child.kill('SIGTERM');
    t.is((await server.result).code, 0);
  });
}
