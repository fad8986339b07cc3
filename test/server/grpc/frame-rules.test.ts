import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { errorCodes, flags, frame, frameTypes, settingIds } from '../../../src/http2/frame.js';
import { encodeBlock } from '../../../src/http2/hpack/hpack-encode.js';
import { rstStream, settingsFrame, windowUpdate } from '../../../src/http2/settings.js';
import { encodeModelInferRequest } from '../../../src/protocol/grpc-infer.js';
import { noParameters } from '../../../src/protocol/infer.js';
import type { Endpoint } from '../../../src/server/endpoint.js';
import { startGrpcServer } from '../../../src/server/grpc/grpc-server.js';
import { createInMemoryService } from '../../contract/in-memory-service.js';
import { data, endOf, headers, headersOf, hello, isOf, message, rawGrpcClient } from './raw-grpc-client.js';

// Frames that break the rules of RFC 9113, and what a server has to say to each.

async function serve(): Promise<Endpoint & AsyncDisposable> {
  const service = createInMemoryService();
  const endpoint = await startGrpcServer(service, { host: '127.0.0.1', port: 0, log: () => undefined });
  return { ...endpoint, [Symbol.asyncDispose]: () => endpoint.close(0) };
}

async function isServed(port: number): Promise<boolean> {
  using client = rawGrpcClient(port);
  client.send(hello, headers(1, live), data(1, nothing));
  return (await client.next(endOf(1)))?.fields.get('grpc-status') === '0';
}

const rpc = (name: string): string => `/inference.GRPCInferenceService/${name}`;
const live = headersOf(rpc('ServerLive'));
const infer = headersOf(rpc('ModelInfer'));
const nothing = message(Buffer.alloc(0));
const { protocolError, flowControlError, streamClosed, frameSizeError, compressionError, enhanceYourCalm } = errorCodes;
const ofSize = (type: number, size: number, streamId = 0, frameFlags = 0): Buffer =>
  frame(type, frameFlags, streamId, Buffer.alloc(size));
const times = (count: number, bytes: Buffer): Buffer[] => Array.from({ length: count }, () => bytes);

/** ModelInfer of a model that never answers. */
const stuck = message(inferOf('stuck', new Uint8Array(4)));

/** A field of 4,000 bytes for the table, which each byte of the next block names again. */
const bomb = Buffer.concat([
  headers(1, Buffer.concat([live, Buffer.of(0x40, 1, 'x'.charCodeAt(0), 0x7f, 0xa1, 0x1e), Buffer.alloc(4000, 'y')])),
  headers(3, Buffer.concat([live, Buffer.alloc(16_000, 0xbe)]), 0),
  ...times(60, frame(frameTypes.continuation, 0, 3, Buffer.alloc(16_000, 0xbe))),
  frame(frameTypes.continuation, flags.endHeaders, 3, Buffer.of(0xbe)),
]);

type Violation = readonly [title: string, bytes: readonly Buffer[], code: number, text: RegExp];

const ofConnection: readonly Violation[] = [
  ['DATA on stream 0', [data(0, nothing)], protocolError, /malformed DATA/],
  ['DATA on a stream that is not open', [data(1, nothing)], protocolError, /never opened/],
  ['DATA on a stream of an even number', [headers(3, infer), data(2, nothing)], protocolError, /never opened/],
  [
    'DATA with more padding than there is',
    [headers(1, infer), frame(0, flags.padded, 1, Buffer.of(1))],
    protocolError,
    /malformed/,
  ],
  ['HEADERS on stream 0', [headers(0, live)], protocolError, /even number/],
  ['a stream of an even number', [headers(2, live)], protocolError, /even number/],
  ['a call on an earlier stream', [headers(5, infer), headers(3, live)], streamClosed, /stream of before/],
  [
    'HEADERS with more padding than there is',
    [frame(frameTypes.headers, flags.endHeaders | flags.padded, 1, Buffer.concat([Buffer.of(200), live]))],
    protocolError,
    /malformed HEADERS/,
  ],
  ['a header block that is interrupted', [headers(1, live, 0), ofSize(6, 8)], protocolError, /interrupted/],
  [
    'a header block of another stream in between',
    [headers(1, live, 0), headers(3, live)],
    protocolError,
    /interrupted/,
  ],
  [
    'CONTINUATION of another stream',
    [headers(1, live, 0), ofSize(9, 1, 3, flags.endHeaders)],
    protocolError,
    /CONTINUATION of nothing/,
  ],
  ['CONTINUATION without HEADERS', [ofSize(9, 1, 1, flags.endHeaders)], protocolError, /CONTINUATION of nothing/],
  ['a header block that cannot be decoded', [headers(1, Buffer.of(0xff, 0xff, 0xff))], compressionError, /./],
  [
    'a header block without an end',
    [headers(1, Buffer.alloc(16_000), 0), ...times(70, ofSize(9, 16_000, 1))],
    enhanceYourCalm,
    /header block of more than/,
  ],
  [
    'a header block of empty frames without an end',
    [headers(1, live, 0), ...times(2000, ofSize(9, 0, 1))],
    enhanceYourCalm,
    /header block of more than/,
  ],
  ['a header block that unpacks to gigabytes', [bomb], compressionError, /fields of a block take over/],
  ['a frame that is too long', [Buffer.of(0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1)], frameSizeError, /not an HTTP\/2 frame/],
  ['SETTINGS of 5 bytes', [ofSize(4, 5)], frameSizeError, /malformed SETTINGS/],
  ['SETTINGS on a stream', [ofSize(4, 0, 1)], protocolError, /SETTINGS on a stream/],
  [
    'an acknowledgement of SETTINGS that says something',
    [ofSize(4, 6, 0, flags.ack)],
    frameSizeError,
    /malformed SETT/,
  ],
  ['SETTINGS_ENABLE_PUSH of 2', [settingsFrame([[settingIds.enablePush, 2]])], protocolError, /ENABLE_PUSH of 2/],
  [
    'too large an initial window',
    [settingsFrame([[settingIds.initialWindowSize, 2 ** 31]])],
    flowControlError,
    /SIZE of/,
  ],
  ['too small a frame size', [settingsFrame([[settingIds.maxFrameSize, 16_383]])], protocolError, /16383/],
  ['too large a frame size', [settingsFrame([[settingIds.maxFrameSize, 2 ** 24]])], protocolError, /16777216/],
  ['a window that overflows', times(2, windowUpdate(0, 0x7fffffff)), flowControlError, /WINDOW_UPDATE/],
  ['a window that grows by 0', [windowUpdate(0, 0)], protocolError, /WINDOW_UPDATE of 0/],
  ['WINDOW_UPDATE of 3 bytes', [ofSize(8, 3)], frameSizeError, /malformed WINDOW_UPDATE/],
  ['WINDOW_UPDATE on a stream that is not open', [windowUpdate(1, 1)], protocolError, /never opened/],
  ['RST_STREAM on a stream that is not open', [rstStream(1, 8)], protocolError, /never opened/],
  ['RST_STREAM on stream 0', [rstStream(0, 8)], protocolError, /RST_STREAM on stream 0/],
  ['RST_STREAM of 3 bytes', [headers(1, infer), ofSize(3, 3, 1)], frameSizeError, /malformed RST_STREAM/],
  ['PING of 7 bytes', [ofSize(6, 7)], frameSizeError, /malformed PING/],
  ['PING on a stream', [headers(1, infer), ofSize(6, 8, 1)], protocolError, /PING on stream 1/],
  ['GOAWAY on a stream', [headers(1, infer), ofSize(7, 8, 1)], protocolError, /GOAWAY on stream 1/],
  ['PRIORITY on stream 0', [ofSize(2, 5)], protocolError, /PRIORITY on stream 0/],
  ['PRIORITY of 4 bytes', [ofSize(2, 4, 1)], frameSizeError, /malformed PRIORITY/],
  ['PUSH_PROMISE', [headers(1, infer), ofSize(5, 4, 1)], protocolError, /PUSH_PROMISE/],
];

const beforeHello: readonly Violation[] = [
  ['HTTP/1.1', [Buffer.from('GET /v2/health/live HTTP/1.1\r\n\r\n')], protocolError, /preface/],
  ['a call before SETTINGS', [hello.subarray(0, 24), headers(1, live)], protocolError, /no SETTINGS at first/],
];

const afterHello = ofConnection.map(([title, bytes, ...rest]) => [title, [hello, ...bytes], ...rest] as const);

for (const [title, bytes, code, text] of [...afterHello, ...beforeHello]) {
  test(`a client that sends ${title} is told why with GOAWAY, and others are served`, async (t) => {
    await using endpoint = await serve();
    using client = rawGrpcClient(endpoint.port);
    client.send(...bytes);
    const goaway = await client.next(isOf(frameTypes.goaway));
    t.is(goaway?.payload.readUInt32BE(4), code);
    t.regex(goaway?.payload.toString('latin1', 8) ?? '', text);
    await client.closed;
    t.true(await isServed(endpoint.port));
  });
}

/** The fields of a call in the order given. */
const block = (...fields: readonly (readonly [string, string])[]): Buffer => Buffer.from(encodeBlock(fields));
const method = [':method', 'POST'] as const;
const scheme = [':scheme', 'http'] as const;
const path = [':path', rpc('ServerLive')] as const;
const type = ['content-type', 'application/grpc'] as const;

const ofStream: readonly (readonly [title: string, bytes: readonly Buffer[], code: number])[] = [
  ['a name in upper case', [headers(1, headersOf(rpc('ServerLive'), { 'X-Upper': '1' }))], protocolError],
  ['an empty name', [headers(1, block(method, scheme, path, ['', 'x'], type))], protocolError],
  ['a line break in a value', [headers(1, block(method, scheme, path, type, ['x', 'a\r\nb: c']))], protocolError],
  ['no method', [headers(1, block(scheme, path, type))], protocolError],
  ['no scheme', [headers(1, block(method, path, type))], protocolError],
  ['no path', [headers(1, block(method, scheme, type))], protocolError],
  ['two paths', [headers(1, block(method, scheme, path, path, type))], protocolError],
  [
    'a pseudo-header field of answers',
    [headers(1, block(method, scheme, path, [':status', '200'], type))],
    protocolError,
  ],
  ['a pseudo-header field after others', [headers(1, block(method, scheme, type, path))], protocolError],
  ['a field of connections', [headers(1, headersOf(rpc('ServerLive'), { connection: 'close' }))], protocolError],
  ['te of another value', [headers(1, headersOf(rpc('ServerLive'), { te: 'gzip' }))], protocolError],
  ['a window that grows by 0', [headers(1, infer), windowUpdate(1, 0)], protocolError],
  ['a window that overflows', [headers(1, infer), ...times(2, windowUpdate(1, 0x7fffffff))], flowControlError],
  ['DATA after its end', [headers(1, infer), data(1, stuck), data(1, nothing)], streamClosed],
  [
    'trailers after its end',
    [headers(1, infer), data(1, stuck), headers(1, block(['x', 'y']), flags.endHeaders | flags.endStream)],
    streamClosed,
  ],
  ['trailers that do not end it', [headers(1, infer), headers(1, block(['x', 'y']))], protocolError],
  [
    'trailers like those of a call',
    [headers(1, infer), headers(1, live, flags.endHeaders | flags.endStream)],
    protocolError,
  ],
];

for (const [title, bytes, code] of ofStream) {
  test(`a call with ${title} is reset, and the next one on the connection is served`, async (t) => {
    await using endpoint = await serve();
    using client = rawGrpcClient(endpoint.port);
    client.send(hello, ...bytes, headers(3, live), data(3, nothing));
    const reset = await client.next(isOf(frameTypes.rstStream));
    t.is(reset?.streamId, 1);
    t.is(reset?.payload.readUInt32BE(0), code);
    t.is((await client.next(endOf(3)))?.fields.get('grpc-status'), '0');
    t.is(client.frames.filter(isOf(frameTypes.rstStream)).length, 1);
  });
}

const harmless: readonly (readonly [title: string, bytes: readonly Buffer[]])[] = [
  ['a frame of a type that nobody knows', [ofSize(0xbe, 100, 77, 0xff), headers(1, live), data(1, nothing)]],
  ['a setting that nobody knows', [settingsFrame([[0xbeef, 7]]), headers(1, live), data(1, nothing)]],
  ['PRIORITY', [ofSize(2, 5, 1), headers(1, live), ofSize(2, 5, 1), data(1, nothing), ofSize(2, 5, 1)]],
  ['WINDOW_UPDATE behind its end', [headers(1, live), data(1, nothing), windowUpdate(1, 9)]],
  [
    'HEADERS with padding and a priority',
    [
      frame(frameTypes.headers, 0x2c, 1, Buffer.concat([Buffer.of(3), Buffer.alloc(5), live, Buffer.alloc(3)])),
      data(1, nothing),
    ],
  ],
  ['no te', [headers(1, block(method, scheme, path, type)), data(1, nothing)]],
  [
    'trailers',
    [headers(1, live), data(1, nothing, false), headers(1, block(['x', 'y']), flags.endHeaders | flags.endStream)],
  ],
  ['empty frames', [headers(1, live), ...times(1000, ofSize(0, 0, 1)), data(1, nothing)]],
  ['CONTINUATION frames of one byte', [headers(1, Buffer.alloc(0), 0), ...continued(live), data(1, nothing)]],
  [
    'a flood of PING and SETTINGS',
    [...times(5000, ofSize(6, 8)), ...times(5000, ofSize(4, 0)), headers(1, live), data(1, nothing)],
  ],
];

for (const [title, bytes] of harmless) {
  test(`a client that sends ${title} is served`, async (t) => {
    await using endpoint = await serve();
    using client = rawGrpcClient(endpoint.port);
    client.send(hello, ...bytes, headers(3, live), data(3, nothing));
    for (const streamId of [1, 3]) t.is((await client.next(endOf(streamId)))?.fields.get('grpc-status'), '0');
  });
}

test('a client that sends more than the window that it has is cut off, so that what waits for it stays small', async (t) => {
  await using endpoint = await serve();
  using client = rawGrpcClient(endpoint.port);
  const start = settingsFrame([[settingIds.initialWindowSize, 0]]);
  client.send(hello, start, headers(1, headersOf(rpc('ModelStreamInfer'))));
  const echo = message(inferOf('identity_fp32', Buffer.alloc(2 ** 18)));
  const isReset = isOf(frameTypes.rstStream);
  for (let sent = 0; sent < 2 ** 27 && !client.frames.some(isReset); sent += echo.length) {
    for (let at = 0; at < echo.length; at += 16_384) client.send(data(1, echo.subarray(at, at + 16_384), false));
    await sleep(1);
  }
  t.is(client.frames.find(isReset)?.payload.readUInt32BE(0), flowControlError);
  t.true(await isServed(endpoint.port));
});

test('a client that opens more streams than announced has the rest refused, and those that it resets do not count', async (t) => {
  await using endpoint = await serve();
  using client = rawGrpcClient(endpoint.port);
  client.send(hello);
  const settings = await client.next(isOf(frameTypes.settings));
  t.is(settings?.payload.readUInt16BE(0), settingIds.maxConcurrentStreams);
  const most = settings?.payload.readUInt32BE(2) ?? 0;
  const last = 2 * most + 1;
  for (let id = 1; id < last; id += 2) client.send(headers(id, infer), rstStream(id, errorCodes.cancel));
  for (let id = last; id < last + 2 * most; id += 2) client.send(headers(id, infer));
  const beyond = last + 2 * most;
  client.send(
    headers(beyond, live),
    rstStream(last, errorCodes.cancel),
    headers(beyond + 2, live),
    data(beyond + 2, nothing),
  );
  const refused = await client.next(isOf(frameTypes.rstStream));
  t.is(refused?.streamId, beyond);
  t.is(refused?.payload.readUInt32BE(0), errorCodes.refusedStream);
  t.is((await client.next(endOf(beyond + 2)))?.fields.get('grpc-status'), '0');
});

/** One byte in each frame. */
function continued(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte, index) =>
    frame(frameTypes.continuation, index === bytes.length - 1 ? flags.endHeaders : 0, 1, Buffer.of(byte)),
  );
}

function inferOf(modelName: string, bytes: Uint8Array): Uint8Array {
  return encodeModelInferRequest({
    modelName,
    modelVersion: '',
    id: '',
    parameters: noParameters,
    inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [bytes.length / 4], data: bytes, parameters: noParameters }],
    outputs: [],
  });
}
