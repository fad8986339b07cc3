import test from 'ava';
import { createGrpcClient } from '../../src/client/grpc-client.js';
import { createHttpClient } from '../../src/client/http-client.js';
import { type InferRequest, noParameters } from '../../src/protocol/infer.js';
import { serverForAll } from '../helpers/shared-server.js';

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

const server = serverForAll(['simple']);

for (const protocol of ['http', 'grpc'] as const) {
  test.serial(
    `our ${protocol} client gets sums and differences, and the server's times lie inside the client's`,
    async (t) => {
      await using client =
        protocol === 'http'
          ? createHttpClient({ origin: `http://${server().urlOf('http')}` })
          : createGrpcClient({ address: server().urlOf('grpc') });
      const [before] = await client.statistics({ name: 'simple' });
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
      const [after] = await client.statistics({ name: 'simple' });
      if (before === undefined || after === undefined) throw new Error('no statistics');
      const added = (name: keyof typeof after.inference_stats, of: 'count' | 'ns' = 'ns') =>
        after.inference_stats[name][of] - before.inference_stats[name][of];
      t.is(added('success', 'count'), 4);
      t.is(after.inference_count - before.inference_count, 18);
      const parts = (['queue', 'compute_input', 'compute_infer', 'compute_output'] as const).map((name) => added(name));
      t.true(parts.reduce((sum, ns) => sum + ns, 0) <= added('success'));
      t.true(added('success') / 1e6 <= clientMs, `server ${added('success') / 1e6} ms, client ${clientMs} ms`);
    },
  );
}
