import test from 'ava';
import { http2Transport } from '../../../../analyzer/wire/http2/http2-transport.js';
import { systemClock } from '../../../../src/core/clock.js';
import { decodeModelInferResponse } from '../../../../src/protocol/grpc-infer.js';
import type { InferRequest } from '../../../../src/protocol/infer.js';
import { type Caller, openCaller, type Reply } from '../caller.js';
import { grpcOutput } from '../grpc-subjects.js';
import { refusal, requestFor } from '../peer.js';
import { startStreamPeer } from '../stream-peer.js';
import { transportContract } from '../transport-contract.js';

type Target = Partial<Parameters<typeof http2Transport>[0]>;

const open = (port: number, requests: readonly InferRequest[], options: Target = {}) =>
  http2Transport({
    address: `127.0.0.1:${port}`,
    requests,
    clock: systemClock,
    streaming: { isDecoupled: false },
    ...options,
  });

transportContract({
  name: 'http2Transport in streams',
  startPeer: startStreamPeer,
  open,
  output: grpcOutput,
  refusedAs: 'stream',
});

const outputs = ({ bodies }: Reply): number[][] =>
  bodies.map((body) => [...(decodeModelInferResponse(body).outputs[0]?.data ?? [])]);

const sound = (caller: Caller): readonly string[] => caller.faults;

test('http2Transport in streams uses each stream again, and names each request', async (t) => {
  await using peer = await startStreamPeer();
  await using caller = openCaller(open(peer.port, [requestFor('echo')]), 3);
  for (let round = 0; round < 10; round++) {
    const replies = await Promise.all([caller.call(0), caller.call(0), caller.call(0)]);
    for (const { failure } of replies) t.is(failure, undefined);
  }
  t.is(peer.streamCount, 3);
  t.is(peer.seen.length, 30);
  t.is(new Set(peer.seen.map(({ id }) => id)).size, 30);
  t.true(peer.seen.every(({ id, wantsEmptyFinal }) => /^[0-9a-f]{8}$/.test(id) && wantsEmptyFinal === true));
  t.deepEqual(sound(caller), []);
});

for (const modelName of ['many', 'marked']) {
  for (const isDecoupled of [true, false]) {
    test(`http2Transport in streams takes all responses of ${modelName}, decoupled: ${isDecoupled}`, async (t) => {
      await using peer = await startStreamPeer();
      const counts = [1, 5, 2, 100];
      const requests = counts.map((count) => requestFor(modelName, Buffer.from([count])));
      await using caller = openCaller(open(peer.port, requests, { streaming: { isDecoupled } }));
      for (const [index, count] of counts.entries()) {
        const reply = await caller.call(index);
        t.is(reply.failure, undefined);
        t.deepEqual(
          outputs(reply),
          Array.from({ length: count }, (_, each) => [each]),
        );
        t.is(reply.responseTimes.length, count);
        t.is(reply.lastAt, reply.responseTimes.at(-1) as typeof reply.lastAt);
        t.true(reply.firstAt <= (reply.responseTimes[0] ?? 0));
      }
      t.is(peer.streamCount, 1);
      t.deepEqual(sound(caller), []);
    });
  }
}

for (const request of [requestFor('none'), requestFor('many', Buffer.from([0]))]) {
  test(`http2Transport in streams takes no response for an answer too: ${request.modelName}`, async (t) => {
    await using peer = await startStreamPeer();
    await using caller = openCaller(open(peer.port, [request], { streaming: { isDecoupled: true } }));
    const reply = await caller.call(0);
    t.is(reply.failure, undefined);
    t.deepEqual(reply.responseTimes, []);
    t.true(reply.lastAt > 0);
    t.is((await caller.call(0)).failure, undefined);
    t.deepEqual(sound(caller), []);
  });
}

test('http2Transport in streams takes the only response of a server that marks none', async (t) => {
  await using peer = await startStreamPeer();
  await using caller = openCaller(open(peer.port, [requestFor('once')]));
  for (let round = 0; round < 3; round++) t.is((await caller.call(0)).failure, undefined);
  t.deepEqual(sound(caller), []);
});

test('http2Transport in streams fails a decoupled model whose server does not mark the last response', async (t) => {
  await using peer = await startStreamPeer();
  await using caller = openCaller(open(peer.port, [requestFor('once')], { streaming: { isDecoupled: true } }));
  const { failure } = await caller.call(0);
  t.is(failure?.code, 'protocol');
  t.regex(failure?.message ?? '', /expected the parameter triton_final_response/);
});

test('http2Transport in streams does not overlook a response to a request that has ended', async (t) => {
  await using peer = await startStreamPeer();
  await using caller = openCaller(open(peer.port, [requestFor('twice')]));
  t.is((await caller.call(0)).failure, undefined);
  const { failure } = await caller.call(0);
  t.is(failure?.code, 'protocol');
  t.regex(failure?.message ?? '', /a response came to a request that had ended/);
  t.deepEqual(sound(caller), []);
});

test('http2Transport in streams waits for the end of a request that fails before it', async (t) => {
  await using peer = await startStreamPeer();
  await using caller = openCaller(open(peer.port, [requestFor('fail-then-finish'), requestFor('echo')]));
  const reply = await caller.call(0);
  t.deepEqual<unknown, unknown>(reply.failure, { code: 'stream', message: refusal });
  t.is(reply.responseTimes.length, 1);
  t.is((await caller.call(1)).failure, undefined);
  t.is(peer.streamCount, 1);
  t.deepEqual(sound(caller), []);
});

/** Before the first, a request is answered on the same stream, but where the stream is not begun as one of gRPC. */
const broken: readonly (readonly [modelName: string, code: string, message: RegExp, isFirst?: boolean])[] = [
  ['end-ok', 'protocol', /ended the stream before it had answered/],
  ['end-9', 'grpc 9', /not ready/],
  ['unimplemented', 'grpc 12', /no such method/, true],
  ['http-503', 'grpc 14', /HTTP status code 503/, true],
  ['reset', 'grpc 13', /RST_STREAM/],
  ['garbage', 'protocol', /is no ModelStreamInferResponse/],
  ['vanish', 'connect', /./],
];

for (const [modelName, code, message, isFirst = false] of broken) {
  test(`http2Transport in streams opens another stream after ${modelName}`, async (t) => {
    await using peer = await startStreamPeer();
    const requests = [requestFor(modelName), requestFor('echo')];
    await using caller = openCaller(open(peer.port, requests, { streaming: { isDecoupled: true } }), 2);
    for (let round = 0; round < (isFirst ? 0 : 2); round++) t.is((await caller.call(1)).failure, undefined);
    const { failure } = await caller.call(0);
    t.is(failure?.code, code as never);
    t.regex(failure?.message ?? '', message);
    for (let round = 0; round < 3; round++) t.is((await caller.call(1)).failure, undefined);
    t.deepEqual(sound(caller), []);
  });
}

test('http2Transport in streams moves to another connection when the server goes away', async (t) => {
  await using peer = await startStreamPeer();
  await using caller = openCaller(open(peer.port, [requestFor('goaway'), requestFor('echo')]), 4);
  for (let round = 0; round < 10; round++) {
    const replies = await Promise.all([1, 0, 1, 1].map((request) => caller.call(request)));
    for (const { failure } of replies) t.is(failure, undefined);
  }
  t.deepEqual(sound(caller), []);
});

test('http2Transport in streams waits while the server allows no more streams', async (t) => {
  await using peer = await startStreamPeer({ maxConcurrentStreams: 2 });
  await using caller = openCaller(open(peer.port, [requestFor('echo')]), 16);
  for (let round = 0; round < 5; round++) {
    const replies = await Promise.all(Array.from({ length: 16 }, () => caller.call(0)));
    for (const { failure } of replies) t.is(failure, undefined);
  }
  t.deepEqual(sound(caller), []);
});

test('http2Transport in streams keeps to small windows for as long as a stream lasts', async (t) => {
  await using peer = await startStreamPeer({ initialWindowSize: 1000 });
  const data = Buffer.alloc(3333, 9);
  await using caller = openCaller(
    open(peer.port, [requestFor('echo', data), requestFor('echo', Buffer.alloc(300))]),
    2,
  );
  for (let round = 0; round < 50; round++) {
    const [large, small] = await Promise.all([caller.call(0), caller.call(1)]);
    t.true(data.equals(grpcOutput(large) ?? Buffer.alloc(0)));
    t.is(grpcOutput(small)?.length, 300);
  }
  t.is(peer.streamCount, 2);
  t.is(new Set(peer.seen.map(({ id }) => id)).size, 100);
  t.deepEqual(sound(caller), []);
});
