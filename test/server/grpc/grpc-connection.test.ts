import { connect as connectHttp2, constants } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { errorCodes, flags, frame, frameTypes, settingIds } from '../../../src/http2/frame.js';
import { rstStream, settingsFrame, windowUpdate } from '../../../src/http2/settings.js';
import { decodeModelInferResponse, encodeModelInferRequest } from '../../../src/protocol/grpc-infer.js';
import { noParameters } from '../../../src/protocol/infer.js';
import { messageType } from '../../../src/protocol/schema.js';
import type { Endpoint } from '../../../src/server/endpoint.js';
import { startGrpcServer } from '../../../src/server/grpc/grpc-server.js';
import { createInMemoryService, type InMemoryService } from '../../contract/in-memory-service.js';
import {
  data,
  endOf,
  headers,
  headersOf,
  hello,
  isOf,
  message,
  type RawGrpcClient,
  rawGrpcClient,
} from './raw-grpc-client.js';

async function serve(
  options: { readonly startMs?: number; readonly messageMs?: number; readonly service?: InMemoryService } = {},
): Promise<Endpoint & AsyncDisposable> {
  const { service = createInMemoryService(), ...rest } = options;
  const endpoint = await startGrpcServer(service, { host: '127.0.0.1', port: 0, ...rest, log: () => undefined });
  return { ...endpoint, [Symbol.asyncDispose]: () => endpoint.close(0) };
}

const rpc = (name: string): string => `/inference.GRPCInferenceService/${name}`;
const live = headersOf(rpc('ServerLive'));
const largestFrame = 16_384;
const nothing = message(Buffer.alloc(0));
const liveAnswer = message(messageType('inference.ServerLiveResponse').encode({ live: true }).finish());

/** Says hello and one call of ServerLive on stream 1, and waits for its end. */
async function isServed(client: RawGrpcClient, streamId = 1): Promise<boolean> {
  const end = await client.next(endOf(streamId));
  return end?.fields.get('grpc-status') === '0';
}

const bytesOf = (client: RawGrpcClient, streamId: number): Buffer =>
  Buffer.concat(
    client.frames
      .filter((one) => one.type === frameTypes.data && one.streamId === streamId)
      .map(({ payload }) => payload),
  );

test('a call that comes one byte at a time is answered', async (t) => {
  await using endpoint = await serve();
  using client = rawGrpcClient(endpoint.port);
  client.socket.setNoDelay(true);
  for (const byte of Buffer.concat([hello, headers(1, live), data(1, nothing)])) {
    client.send(Buffer.of(byte));
    await sleep(0);
  }
  t.true(await isServed(client));
  t.deepEqual(bytesOf(client, 1), liveAnswer);
});

test('a message may be cut into frames anywhere, with padding and empty frames between', async (t) => {
  await using endpoint = await serve();
  using client = rawGrpcClient(endpoint.port);
  const padded = frame(frameTypes.data, flags.padded, 1, Buffer.from([2, 0, 0, 0, 0]));
  const last = frame(frameTypes.data, flags.padded | flags.endStream, 1, Buffer.from([3, 0, 0, 0, 0, 0, 0]));
  client.send(hello, headers(1, live), padded, data(1, Buffer.alloc(0), false), last);
  t.true(await isServed(client));
});

test('a header block may be continued, and repeat one of before', async (t) => {
  await using endpoint = await serve();
  using client = rawGrpcClient(endpoint.port);
  const rest = frame(frameTypes.continuation, flags.endHeaders, 1, live.subarray(7));
  client.send(hello, headers(1, live.subarray(0, 7), 0), rest, data(1, nothing));
  client.send(headers(3, live), data(3, nothing), headers(5, live), data(5, nothing));
  for (const streamId of [1, 3, 5]) t.true(await isServed(client, streamId));
});

const statuses: readonly [title: string, head: Buffer, body: Buffer, code: string, text: RegExp][] = [
  ['no message', live, Buffer.alloc(0), '12', /no request message/],
  ['two messages', live, Buffer.concat([nothing, nothing]), '12', /more than one request message/],
  ['half a message', live, message(Buffer.alloc(3), false, 10), '13', /in the middle of a message/],
  ['a message of 4 GiB', live, message(Buffer.alloc(3), false, 2 ** 32 - 1), '8', /larger than max \(4294967295 vs/],
  ['a compressed message without a coding', live, message(gzipSync(''), true), '13', /grpc-encoding names nothing/],
  [
    'a coding that nobody knows',
    headersOf(rpc('ServerLive'), { 'grpc-encoding': 'br' }),
    message(gzipSync(''), true),
    '12',
    /Cannot read br/,
  ],
  [
    'a message that cannot be decompressed',
    headersOf(rpc('ServerLive'), { 'grpc-encoding': 'gzip' }),
    message(Buffer.from('no gzip'), true),
    '13',
    /Cannot decompress a gzip message/,
  ],
  [
    'a message of 64 KB that holds more than 64 MiB',
    headersOf(rpc('ServerLive'), { 'grpc-encoding': 'gzip' }),
    message(gzipSync(Buffer.alloc(2 ** 26 + 1), { level: 1 }), true),
    '8',
    /decompresses to a size larger than 67108864/,
  ],
  ['a method that does not exist', headersOf('/x/y'), nothing, '12', /does not implement the method \/x\/y/],
  [
    'a deadline that nobody understands',
    headersOf(rpc('ServerLive'), { 'grpc-timeout': '5 s' }),
    nothing,
    '13',
    /Malformed grpc-timeout "5 s"/,
  ],
  [
    'a compressed flag of 2',
    headersOf(rpc('ServerLive'), { 'grpc-encoding': 'gzip' }),
    Buffer.concat([Buffer.of(2), nothing.subarray(1)]),
    '13',
    /compressed flag of a message is 2/,
  ],
  ['a deadline that has passed', headersOf(rpc('ModelInfer'), { 'grpc-timeout': '1n' }), nothing, '4', /Deadline/],
];

for (const [title, head, body, code, text] of statuses) {
  test(`a call with ${title} ends with status ${code}, and the next one is served`, async (t) => {
    await using endpoint = await serve();
    using client = rawGrpcClient(endpoint.port);
    const isExpiring = code === '4';
    client.send(hello, headers(1, head));
    for (let at = 0; at < body.length; at += largestFrame)
      client.send(data(1, body.subarray(at, at + largestFrame), false));
    if (!isExpiring) client.send(data(1, Buffer.alloc(0)));
    const end = await client.next(endOf(1));
    t.is(end?.fields.get('grpc-status'), code);
    t.regex(decodeURIComponent(end?.fields.get('grpc-message') ?? ''), text);
    client.send(headers(3, live), data(3, nothing));
    t.true(await isServed(client, 3));
  });
}

for (const [coding, compress] of [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
] as const) {
  test(`a message compressed with ${coding} is read, in order with what follows`, async (t) => {
    await using endpoint = await serve();
    using client = rawGrpcClient(endpoint.port);
    const head = headersOf(rpc('ModelReady'), { 'grpc-encoding': coding });
    const request = messageType('inference.ModelReadyRequest').encode({ name: 'simple' }).finish();
    client.send(hello, headers(1, head), data(1, message(compress(request), true)));
    t.true(await isServed(client));
    t.is(bytesOf(client, 1).at(-1), 1); // ready: true
  });
}

const httpStatuses: readonly [title: string, more: Readonly<Record<string, string>>, httpStatus: string][] = [
  ['GET', { ':method': 'GET' }, '405'],
  ['another content type', { 'content-type': 'application/json' }, '415'],
  ['a content type that only begins like gRPC', { 'content-type': 'application/grpc-web' }, '415'],
];

for (const [title, more, httpStatus] of httpStatuses) {
  test(`${title} gets the HTTP status ${httpStatus}`, async (t) => {
    await using endpoint = await serve();
    using client = rawGrpcClient(endpoint.port);
    client.send(hello, headers(1, headersOf(rpc('ServerLive'), more)), data(1, nothing));
    const end = await client.next(endOf(1));
    t.is(end?.fields.get(':status'), httpStatus);
  });
}

test('PING is answered with its payload', async (t) => {
  await using endpoint = await serve();
  using client = rawGrpcClient(endpoint.port);
  client.send(hello, frame(frameTypes.ping, 0, 0, Buffer.from('12345678')));
  const pong = await client.next(isOf(frameTypes.ping));
  t.is(pong?.flags, flags.ack);
  t.is(pong?.payload.toString(), '12345678');
});

test('what comes on a stream that the client has reset is ignored', async (t) => {
  await using endpoint = await serve();
  using client = rawGrpcClient(endpoint.port);
  const head = headersOf(rpc('ModelInfer'));
  client.send(hello, headers(1, head), data(1, message(stuck()), false), rstStream(1, errorCodes.cancel));
  client.send(data(1, nothing), windowUpdate(1, 10), headers(3, live), data(3, nothing));
  t.true(await isServed(client, 3));
  t.false(client.frames.some(({ streamId, type }) => streamId === 1 && type <= frameTypes.headers));
});

test('a connection that says nothing, or stops within a header block, is ended', async (t) => {
  await using endpoint = await serve({ startMs: 2000 });
  using silent = rawGrpcClient(endpoint.port);
  using slow = rawGrpcClient(endpoint.port);
  slow.send(hello, headers(1, live.subarray(0, 5), 0));
  using idle = rawGrpcClient(endpoint.port);
  idle.send(hello, headers(1, live), data(1, nothing));
  await Promise.all([silent.closed, slow.closed]);
  t.true(await isServed(idle));
  await sleep(3000);
  idle.send(headers(3, live), data(3, nothing));
  t.true(await isServed(idle, 3)); // a connection that began well may be idle
});

test('a call whose client stops before its request is complete is ended, a stream that waits between messages is not', async (t) => {
  await using endpoint = await serve({ startMs: 400, messageMs: 300 });
  using client = rawGrpcClient(endpoint.port);
  const [unary, stream] = [headersOf(rpc('ModelInfer')), headersOf(rpc('ModelStreamInfer'))];
  const half = message(Buffer.alloc(3), false, 10);
  client.send(hello, headers(1, stream), data(1, nothing, false), headers(3, unary), data(3, half, false));
  client.send(headers(5, stream), data(5, Buffer.concat([nothing, half]), false));
  client.send(headers(7, unary), headers(9, unary), data(9, nothing, false));
  client.send(headers(11, headersOf('/grpc.health.v1.Health/Watch')));
  for (const [stalled, what] of [
    [3, 'a message'],
    [5, 'a message'],
    [7, 'the request'],
    [9, 'the request'],
    [11, 'the request'],
  ] as const) {
    const end = await client.next(endOf(stalled));
    t.is(end?.fields.get('grpc-status'), '4');
    t.is(end?.fields.get('grpc-message'), `The rest of ${what} did not come within 0.3 s`);
  }
  client.send(data(1, nothing));
  t.true(await isServed(client, 1));
});

test('closing says GOAWAY, refuses new calls, and finishes those in flight', async (t) => {
  const service = createInMemoryService();
  let finish: () => void = () => undefined;
  service.loadModel = () =>
    new Promise((resolve) => {
      finish = resolve;
    });
  await using endpoint = await serve({ service });
  using client = rawGrpcClient(endpoint.port);
  const load = messageType('inference.RepositoryModelLoadRequest').encode({ model_name: 'asleep' }).finish();
  client.send(hello, headers(1, headersOf(rpc('RepositoryModelLoad'))), data(1, message(load)));
  client.send(headers(3, live), data(3, nothing));
  t.true(await isServed(client, 3));
  const closing = endpoint.close(20_000);
  const goaway = await client.next(isOf(frameTypes.goaway));
  t.is(goaway?.payload.readUInt32BE(0), 3);
  client.send(headers(5, live), data(5, nothing));
  const refused = await client.next(isOf(frameTypes.rstStream));
  t.is(refused?.payload.readUInt32BE(0), errorCodes.refusedStream);
  finish();
  t.true(await isServed(client));
  await closing;
  await client.closed;
});

/** One call through Node's own HTTP/2, which knows nothing of ours. */
function callThroughNode(
  session: ReturnType<typeof connectHttp2>,
  request: Uint8Array,
): Promise<{ readonly status: unknown; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: rpc('ModelInfer'),
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    });
    const pieces: Buffer[] = [];
    let status: unknown;
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    stream.on('error', reject);
    stream.on('close', () => resolve({ status, body: Buffer.concat(pieces) }));
    stream.end(message(request));
  });
}

for (const initialWindowSize of [1000, 65_535, 1 << 24]) {
  test(`large tensors go there and back side by side within windows of ${initialWindowSize} bytes`, async (t) => {
    await using endpoint = await serve();
    const session = connectHttp2(`http://127.0.0.1:${endpoint.port}`, { settings: { initialWindowSize } });
    const sizes = [4, 16_380, 16_384, 65_536, 1 << 20, 9 << 20];
    await Promise.all(
      sizes.map(async (size, index) => {
        const tensor = Buffer.alloc(size, index + 1);
        const { status, body } = await callThroughNode(session, inferOf('identity_fp32', tensor));
        t.is(status, '0');
        t.is(body.readUInt32BE(1), body.length - 5);
        const [output] = decodeModelInferResponse(body.subarray(5)).outputs;
        t.true(tensor.equals(output?.data ?? Buffer.alloc(0)), `${size} bytes`);
      }),
    );
    session.close();
  });
}

test('a client that changes its window in the middle of an answer gets the rest of it', async (t) => {
  await using endpoint = await serve();
  using client = rawGrpcClient(endpoint.port);
  const start = settingsFrame([[settingIds.initialWindowSize, 100]]);
  const body = message(inferOf('identity_fp32', Buffer.alloc(4000, 7)));
  client.send(hello, start, headers(1, headersOf(rpc('ModelInfer'))), data(1, body));
  await client.next(isOf(frameTypes.data));
  client.send(
    settingsFrame([[settingIds.initialWindowSize, 0]]),
    settingsFrame([[settingIds.initialWindowSize, 1 << 20]]),
  );
  t.true(await isServed(client));
  t.is(bytesOf(client, 1).readUInt32BE(1), bytesOf(client, 1).length - 5);
});

test('a client that asks without reading is not read any further', async (t) => {
  await using endpoint = await serve();
  using client = rawGrpcClient(endpoint.port);
  client.send(hello);
  await client.next(isOf(frameTypes.settings));
  client.socket.pause();
  const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frame(frameTypes.ping, 0, 0, Buffer.alloc(8))));
  for (let sent = 0; sent < 80 * 2 ** 20; sent += pings.length) client.socket.write(pings);
  let left = client.socket.writableLength;
  for (let before = 0; before !== left; left = client.socket.writableLength) {
    before = left;
    await sleep(500);
  }
  t.true(client.socket.writableLength > 20 * 2 ** 20, `${left} bytes are left`);
  using other = rawGrpcClient(endpoint.port);
  other.send(hello, headers(1, live), data(1, nothing));
  t.true(await isServed(other));
});

test('a client that takes nothing of its answers for long is left', async (t) => {
  const service = createInMemoryService();
  const { infer } = service;
  service.infer = async (request) => {
    const response = await infer(request);
    const data = new Uint8Array(32 * 2 ** 20); // more than the kernel buffers
    return { ...response, outputs: response.outputs.map((output) => ({ ...output, data })) };
  };
  await using endpoint = await serve({ startMs: 400, messageMs: 300, service });
  using client = rawGrpcClient(endpoint.port);
  const start = [settingsFrame([[settingIds.initialWindowSize, 2 ** 31 - 1]]), windowUpdate(0, 2 ** 30)];
  const body = message(inferOf('identity_fp32', new Uint8Array(4)));
  client.send(hello, ...start, headers(1, headersOf(rpc('ModelInfer'))), data(1, body));
  await client.next(isOf(frameTypes.headers));
  client.socket.pause();
  await sleep(2500);
  client.socket.resume();
  await client.closed;
  t.false(client.frames.some(endOf(1)));
  using other = rawGrpcClient(endpoint.port);
  other.send(hello, headers(1, live), data(1, nothing));
  t.true(await isServed(other));
});

/** ModelInfer of a model that never answers. */
function stuck(): Uint8Array {
  return inferOf('stuck', new Uint8Array(4));
}

function inferOf(modelName: string, bytes: Uint8Array): Uint8Array {
  const shape = [bytes.length / 4];
  return encodeModelInferRequest({
    modelName,
    modelVersion: '',
    id: '',
    parameters: noParameters,
    inputs: [{ name: 'INPUT0', datatype: 'FP32', shape, data: bytes, parameters: noParameters }],
    outputs: [],
  });
}
