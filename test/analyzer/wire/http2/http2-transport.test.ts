import { type AddressInfo, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import test from 'ava';
import { type Http2Target, http2Transport } from '../../../../analyzer/wire/http2/http2-transport.js';
import type { OpenTransport } from '../../../../analyzer/wire/transport.js';
import { systemClock } from '../../../../src/core/clock.js';
import { serverIdentity, trusting } from '../../../certificates/certificates.js';
import { openCaller } from '../caller.js';
import { startGrpcPeer, startSecureGrpcPeer } from '../grpc-peer.js';
import { grpcOutput } from '../grpc-subjects.js';
import { startHttpPeer, startHttpsPeer } from '../http-peer.js';
import { bigData, bigSize, refusal, requestFor } from '../peer.js';
import { transportContract } from '../transport-contract.js';

const open = (port: number, models: readonly string[], options: Partial<Http2Target> = {}): OpenTransport =>
  http2Transport({
    address: `127.0.0.1:${port}`,
    requests: models.map((model) => requestFor(model)),
    clock: systemClock,
    ...options,
  });

transportContract({
  name: 'http2Transport',
  startPeer: startGrpcPeer,
  open: (port, requests, options) =>
    http2Transport({ address: `127.0.0.1:${port}`, requests, clock: systemClock, ...options }),
  output: grpcOutput,
  refusedAs: 'grpc 3',
});

transportContract({
  name: 'http2Transport over TLS',
  startPeer: startSecureGrpcPeer,
  open: (port, requests, options) =>
    http2Transport({ address: `127.0.0.1:${port}`, requests, clock: systemClock, tls: trusting, ...options }),
  output: grpcOutput,
  refusedAs: 'grpc 3',
});

const failures = [
  { model: 'refuse-late', code: 'grpc 9', message: refusal },
  { model: 'http-503', code: 'grpc 14', message: 'Received HTTP status code 503' },
  { model: 'no-status', code: 'grpc 2', message: 'Received HTTP status code 200' },
  { model: 'no-message', code: 'grpc 12', message: 'No message received' },
  { model: 'reset', code: 'grpc 13', message: 'Received RST_STREAM with code 2' },
  { model: 'calm', code: 'grpc 8', message: 'Received RST_STREAM with code 11' },
];
for (const { model, ...failure } of failures) {
  test(`http2Transport counts ${model} as ${failure.code}`, async (t) => {
    await using peer = await startGrpcPeer();
    await using caller = openCaller(open(peer.port, [model, 'echo']));
    t.deepEqual<unknown, unknown>((await caller.call(0)).failure, failure);
    t.is((await caller.call(1)).failure, undefined);
    t.deepEqual(caller.faults, []);
  });
}

test('http2Transport changes connections on GOAWAY, and loses nothing', async (t) => {
  await using peer = await startGrpcPeer();
  await using caller = openCaller(open(peer.port, ['goaway', 'echo']), 8);
  for (let round = 0; round < 5; round++) {
    const replies = await Promise.all([1, 1, 1, 0, 1, 1, 1, 1].map((request) => caller.call(request)));
    t.deepEqual(
      replies.map(({ failure }) => failure),
      Array(8).fill(undefined),
    );
  }
  t.deepEqual(caller.faults, []);
});

test('http2Transport keeps to the streams that the server allows', async (t) => {
  await using peer = await startGrpcPeer({ maxConcurrentStreams: 2 });
  await using caller = openCaller(open(peer.port, ['echo']), 32);
  const replies = await Promise.all(Array.from({ length: 32 }, () => caller.call(0)));
  t.true(replies.every(({ failure }) => failure === undefined));
});

test('http2Transport keeps to small windows, and uses large frames', async (t) => {
  await using peer = await startGrpcPeer({ initialWindowSize: 1000, maxFrameSize: 100_000 });
  const requests = [requestFor('echo', Buffer.alloc(100_000, 7)), requestFor('echo')];
  const address = `127.0.0.1:${peer.port}`;
  await using caller = openCaller(http2Transport({ address, requests, clock: systemClock }), 8);
  const replies = await Promise.all([0, 1, 0, 1, 0, 1, 0, 1].map((request) => caller.call(request)));
  t.deepEqual(
    replies.map((reply) => grpcOutput(reply)?.length),
    [100_000, 4, 100_000, 4, 100_000, 4, 100_000, 4],
  );
});

test('http2Transport takes a compressed answer only when it asked for one, and when it can be decoded', async (t) => {
  await using peer = await startGrpcPeer();
  await using plain = openCaller(open(peer.port, ['mangled', 'echo']));
  t.is((await plain.call(0)).failure?.message, 'a message is compressed, which was not offered');
  t.is((await plain.call(1)).failure, undefined);
  await using caller = openCaller(open(peer.port, ['mangled', 'echo'], { compression: 'gzip' }));
  t.deepEqual<unknown, unknown>((await caller.call(0)).failure, {
    code: 'protocol',
    message: 'the answer cannot be decoded from gzip',
  });
  t.is((await caller.call(1)).failure, undefined);
});

test('http2Transport spreads calls over connections, big ones too', async (t) => {
  await using peer = await startGrpcPeer();
  const requests = [requestFor('echo', bigData())];
  const address = `127.0.0.1:${peer.port}`;
  await using caller = openCaller(http2Transport({ address, requests, clock: systemClock, connections: 3 }), 6);
  const replies = await Promise.all(Array.from({ length: 6 }, () => caller.call(0)));
  t.true(replies.every((reply) => grpcOutput(reply)?.length === bigSize));
});

test('http2Transport sends and takes header blocks of many frames', async (t) => {
  await using peer = await startGrpcPeer({ maxHeaderListSize: 1_000_000 });
  const headers = Array.from({ length: 40 }, (_, index) => [`x-${index}`, 'w'.repeat(1000)] as const);
  await using caller = openCaller(open(peer.port, ['many-headers'], { headers }));
  t.is((await caller.call(0)).failure, undefined);
});

test('http2Transport goes on when the stream ids run out', async (t) => {
  await using peer = await startGrpcPeer();
  await using caller = openCaller(open(peer.port, ['echo'], { firstStreamId: 0x7fffffff - 200 }), 4);
  for (let round = 0; round < 50; round++) {
    const replies = await Promise.all([0, 0, 0, 0].map((request) => caller.call(request)));
    t.true(replies.every(({ failure }) => failure === undefined));
  }
  t.deepEqual(caller.faults, []);
});

test('http2Transport says so when the server does not speak HTTP/2', async (t) => {
  await using peer = await startHttpPeer();
  await using caller = openCaller(open(peer.port, ['echo']));
  const { failure } = await caller.call(0);
  t.is(failure?.code, 'protocol');
  t.regex(failure?.message ?? '', /^not an HTTP\/2 frame: "HTTP\/1\.1 400/);
});

test('http2Transport says so when the server does not speak HTTP/2 over TLS', async (t) => {
  await using peer = await startHttpsPeer();
  await using caller = openCaller(open(peer.port, ['echo'], { tls: trusting }));
  const { failure } = await caller.call(0);
  t.is(failure?.code, 'connect');
  t.regex(failure?.message ?? '', /no application protocol|ALPN/i);
});

test('http2Transport says so when the server agrees to no protocol', async (t) => {
  const server = createTlsServer(serverIdentity);
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  const { port } = server.address() as AddressInfo;
  await using caller = openCaller(open(port, ['echo'], { tls: trusting }));
  t.deepEqual<unknown, unknown>((await caller.call(0)).failure, {
    code: 'protocol',
    message: 'the server does not speak HTTP/2 over TLS',
  });
  server.close();
});

test('http2Transport reads every byte that nghttp2 can encode', async (t) => {
  await using peer = await startGrpcPeer();
  const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter(
    (byte) => byte > 31 && byte !== 37 && byte !== 127,
  );
  const texts = bytes.map((byte) => `aaaaaaaaaaaaaaaa${String.fromCharCode(byte)}aaaaaaaaaaaaaaaa`);
  const requests = texts.map((text) => requestFor('repeat', Buffer.from(text, 'latin1')));
  const address = `127.0.0.1:${peer.port}`;
  await using caller = openCaller(http2Transport({ address, requests, clock: systemClock }), texts.length);
  const replies = await Promise.all(texts.map((_, index) => caller.call(index)));
  t.deepEqual(
    replies.map(({ failure }) => failure?.message),
    texts,
  );
});

test.serial('http2Transport times out on a peer that accepts and says nothing, and closes', async (t) => {
  const frozen = createServer();
  await new Promise<void>((resolve) => frozen.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  const { port } = frozen.address() as AddressInfo;
  const caller = openCaller(open(port, ['echo'], { requestTimeoutMs: 50 }), 4);
  const replies = await Promise.all([0, 0, 0, 0].map((request) => caller.call(request)));
  t.true(replies.every(({ failure }) => failure?.code === 'timeout'));
  const last = caller.call(0);
  await caller[Symbol.asyncDispose]();
  t.is((await last).failure?.code, 'abandoned');
  t.deepEqual(caller.faults, []);
  frozen.close();
});

test('http2Transport answers each call once, while the server keeps going away', async (t) => {
  await using peer = await startGrpcPeer();
  await using caller = openCaller(open(peer.port, ['goaway', 'echo', 'vanish', 'reset']), 16);
  const codes: (string | undefined)[] = [];
  await Promise.all(
    Array.from({ length: 16 }, async (_, worker) => {
      for (let index = 0; index < 50; index++) {
        const kind = (worker * 50 + index) % 40;
        codes.push((await caller.call(kind < 3 ? ([0, 2, 3][kind] ?? 1) : 1)).failure?.code);
      }
    }),
  );
  t.is(codes.length, 800);
  t.true(codes.filter((code) => code === undefined).length > 400);
  t.deepEqual(caller.faults, []);
});
