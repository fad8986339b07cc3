import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { Client, credentials } from '@grpc/grpc-js';
import test from 'ava';
import { frameTypes, settingIds } from '../../../src/http2/frame.js';
import { settingsFrame, windowUpdate } from '../../../src/http2/settings.js';
import { decodeModelInferResponse, encodeModelInferRequest } from '../../../src/protocol/grpc-infer.js';
import { type CompressionLevel, codingFor } from '../../../src/server/grpc/compressed-method.js';
import { startGrpcServer } from '../../../src/server/grpc/grpc-server.js';
import type { InferenceService } from '../../../src/server/inference-service.js';
import { createInMemoryService } from '../../contract/in-memory-service.js';
import { requestOf } from '../live-service.js';
import { data, endOf, headers, headersOf, hello, isOf, message, rawGrpcClient } from './raw-grpc-client.js';
import { openStream } from './stream-client.js';

const choices: readonly [level: CompressionLevel, accepted: string, coding: string | undefined][] = [
  ['none', 'identity,deflate,gzip', undefined],
  ['low', 'identity,deflate,gzip', 'gzip'],
  ['medium', 'identity, deflate, gzip', 'deflate'],
  ['high', 'identity,deflate,gzip', 'deflate'],
  ['high', 'gzip', 'gzip'],
  ['low', 'deflate', 'deflate'],
  ['high', 'identity', undefined],
  ['low', '', undefined],
];

for (const [level, accepted, coding] of choices) {
  test(`codingFor level ${level} with '${accepted}' is ${coding}`, (t) => {
    t.is(codingFor(level, accepted), coding as never);
  });
}

const values = new Float32Array(2000).fill(1.5);
const request = requestOf('identity_fp32', { INPUT0: { datatype: 'FP32', shape: [values.length], data: values } });

async function serve(
  compression: CompressionLevel,
  { service = createInMemoryService(), ...more }: { service?: InferenceService; decompressedBytes?: number } = {},
): Promise<AsyncDisposable & { readonly port: number }> {
  const options = { host: '127.0.0.1', port: 0, log: () => undefined, compression, ...more };
  const { port, close } = await startGrpcServer(service, options);
  return { port, [Symbol.asyncDispose]: () => close(0) };
}

const decoders = { gzip: gunzipSync, deflate: inflateSync } as const;

for (const [level, coding] of [
  ['low', 'gzip'],
  ['high', 'deflate'],
] as const) {
  test(`answers of level ${level} travel as ${coding}`, async (t) => {
    await using endpoint = await serve(level);
    using client = rawGrpcClient(endpoint.port);
    const head = headersOf('/inference.GRPCInferenceService/ModelInfer', { 'grpc-accept-encoding': 'gzip,deflate' });
    client.send(hello, headers(1, head), data(1, message(encodeModelInferRequest(request))));
    t.is((await client.next(endOf(1)))?.fields.get('grpc-status'), '0');
    const answer = await client.next(isOf(frameTypes.headers));
    t.is(answer?.fields.get('grpc-encoding'), coding);
    const bytes = Buffer.concat(client.frames.filter(isOf(frameTypes.data)).map(({ payload }) => payload));
    t.is(bytes[0], 1);
    t.true(bytes.length < 500);
    const decoded = decodeModelInferResponse(decoders[coding](bytes.subarray(5)));
    t.true(Buffer.from(values.buffer).equals(decoded.outputs[0]?.data ?? Buffer.alloc(0)));
  });
}

test('answers to calls other than inferences are never compressed', async (t) => {
  await using endpoint = await serve('high');
  using client = rawGrpcClient(endpoint.port);
  const head = headersOf('/inference.GRPCInferenceService/ServerMetadata', { 'grpc-accept-encoding': 'gzip,deflate' });
  client.send(hello, headers(1, head), data(1, message(Buffer.alloc(0))));
  await client.next(endOf(1));
  t.is((await client.next(isOf(frameTypes.headers)))?.fields.get('grpc-encoding'), undefined);
});

test('messages that were decompressed and are not answered keep others from being decompressed', async (t) => {
  const service = createInMemoryService();
  const infer = service.infer;
  const waiting: (() => void)[] = [];
  service.infer = async (given, signal) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return infer(given, signal);
  };
  await using endpoint = await serve('none', { service, decompressedBytes: 2 ** 20 });
  using client = rawGrpcClient(endpoint.port);
  const input = { datatype: 'UINT8', shape: [600_000], data: new Uint8Array(600_000) } as const;
  const bomb = message(gzipSync(encodeModelInferRequest(requestOf('identity_uint8', { INPUT0: input }))), true);
  const compressed = { 'grpc-encoding': 'gzip' };
  const stream = headersOf('/inference.GRPCInferenceService/ModelStreamInfer', compressed);
  const unary = headersOf('/inference.GRPCInferenceService/ModelInfer', compressed);
  client.send(hello, settingsFrame([[settingIds.initialWindowSize, 2 ** 24]]), windowUpdate(0, 2 ** 24));
  client.send(headers(1, unary), data(1, bomb, false)); // Takes nothing: it may never end.
  client.send(headers(3, stream), data(3, Buffer.concat([bomb, bomb, bomb])), headers(5, unary), data(5, bomb));
  while (waiting.length === 0) await sleep(1);
  for (let answered = 0; answered < 4; answered++) {
    await sleep(100);
    t.is(waiting.length, answered + 1);
    waiting[answered]?.();
    while (answered < 3 && waiting.length === answered + 1) await sleep(1);
  }
  for (const streamId of [3, 5]) t.is((await client.next(endOf(streamId)))?.fields.get('grpc-status'), '0');
  client.send(data(1, Buffer.alloc(0)));
  while (waiting.length < 5) await sleep(1);
  waiting[4]?.();
  t.is((await client.next(endOf(1)))?.fields.get('grpc-status'), '0');
});

for (const [name, number] of [
  ['deflate', 1],
  ['gzip', 2],
] as const) {
  test(`a stream with ${name} both ways keeps its order`, async (t) => {
    await using endpoint = await serve(name === 'gzip' ? 'low' : 'high');
    const client = new Client(`127.0.0.1:${endpoint.port}`, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': number,
    });
    const stream = openStream(client);
    const sizes = [50_000, 1, 20_000, 3, 0, 7];
    for (const [index, size] of sizes.entries()) {
      const input = { datatype: 'UINT8', shape: [size], data: new Uint8Array(size).fill(index) } as const;
      stream.call.write(encodeModelInferRequest(requestOf('identity_uint8', { INPUT0: input }, { id: `${index}` })));
    }
    stream.call.end();
    const answers = await stream.received(sizes.length);
    t.deepEqual(
      answers.map(({ response }) => [response.id, response.outputs[0]?.data.length]),
      sizes.map((size, index) => [`${index}`, size]),
    );
    t.is((await stream.ended).code, 0);
    client.close();
  });
}
