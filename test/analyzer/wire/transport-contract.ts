import test, { type ExecutionContext } from 'ava';
import type { Compression } from '../../../analyzer/wire/compression.js';
import type { OpenTransport } from '../../../analyzer/wire/transport.js';
import type { InferRequest } from '../../../src/protocol/infer.js';
import { type Caller, openCaller, type Reply } from './caller.js';
import { bigData, bigSize, type Peer, refusal, requestFor } from './peer.js';

export interface TransportSubject {
  readonly name: string;
  readonly startPeer: () => Promise<Peer>;
  readonly open: (
    port: number,
    requests: readonly InferRequest[],
    options?: { readonly requestTimeoutMs?: number; readonly compression?: Compression },
  ) => OpenTransport;
  /** The first output of an answer. */
  readonly output: (reply: Reply) => Uint8Array | undefined;
  /** The failure's code when a peer refuses with `invalid argument`. */
  readonly refusedAs: string;
}

/** What every transport must do, whatever it is made of. */
export function transportContract(subject: TransportSubject): void {
  const { name, startPeer, open, output } = subject;

  const sound = (t: ExecutionContext, caller: Caller): void => {
    t.deepEqual(caller.faults, []);
  };

  test(`${name} answers with the bytes of the body`, async (t) => {
    await using peer = await startPeer();
    await using caller = openCaller(open(peer.port, [requestFor('echo', Buffer.from('hello'))]));
    const reply = await caller.call(0);
    t.is(reply.failure, undefined);
    t.is(Buffer.from(output(reply) ?? []).toString(), 'hello');
    t.true(reply.firstAt > 0);
    sound(t, caller);
  });

  test(`${name} asks once for each answer whether its body is kept`, async (t) => {
    await using peer = await startPeer();
    const requests = [requestFor('echo', Buffer.from('hello')), requestFor('big'), requestFor('refuse')];
    const asked: (number | undefined)[] = [];
    const keepsBody = (_token: number, size: number | undefined): boolean => asked.push(size) % 2 === 0;
    await using caller = openCaller(open(peer.port, requests), 1, keepsBody);
    for (const request of [0, 0, 1, 1]) {
      const { body, failure } = await caller.call(request);
      t.is(failure, undefined);
      t.is(body?.length, asked.length % 2 === 0 ? asked.at(-1) : undefined);
    }
    await caller.call(2);
    t.is(asked.length, 4);
    t.true((asked[3] ?? 0) > bigSize);
    sound(t, caller);
  });

  test(`${name} counts a refusal, with its text`, async (t) => {
    await using peer = await startPeer();
    await using caller = openCaller(open(peer.port, [requestFor('refuse'), requestFor('echo')]));
    const reply = await caller.call(0);
    t.deepEqual<unknown, unknown>(reply.failure, { code: subject.refusedAs, message: refusal });
    t.is(reply.body, undefined);
    t.is((await caller.call(1)).failure, undefined);
    sound(t, caller);
  });

  for (const compression of ['gzip', 'deflate'] as const) {
    test(`${name} sends ${compression} and decodes it`, async (t) => {
      await using peer = await startPeer();
      const requests = [requestFor('echo', Buffer.alloc(100_000, 7)), requestFor('echo'), requestFor('refuse')];
      await using caller = openCaller(open(peer.port, requests, { compression }), 2);
      const [large, small] = await Promise.all([caller.call(0), caller.call(1)]);
      t.true(Buffer.alloc(100_000, 7).equals(output(large) ?? Buffer.alloc(0)));
      t.is(Buffer.from(output(small) ?? []).toString(), 'abcd');
      t.is((await caller.call(2)).failure?.message, refusal);
      sound(t, caller);
    });
  }

  test(`${name} without a server fails to connect`, async (t) => {
    const peer = await startPeer();
    await peer.stop();
    await using caller = openCaller(open(peer.port, [requestFor('echo')]));
    t.is((await caller.call(0)).failure?.code, 'connect');
    t.is((await caller.call(0)).failure?.code, 'connect');
    sound(t, caller);
  });

  test(`${name} finds a server that died and returned`, async (t) => {
    await using peer = await startPeer();
    await using caller = openCaller(open(peer.port, [requestFor('echo')]));
    t.is((await caller.call(0)).failure, undefined);
    await peer.stop();
    t.is((await caller.call(0)).failure?.code, 'connect');
    await peer.restart();
    let reply = await caller.call(0);
    while (reply.failure !== undefined) {
      t.is(reply.failure.code, 'connect');
      await new Promise((resolve) => setImmediate(resolve));
      reply = await caller.call(0);
    }
    t.pass('it answered again');
    sound(t, caller);
  });

  test(`${name} counts an answer that broke off, and goes on`, async (t) => {
    await using peer = await startPeer();
    await using caller = openCaller(open(peer.port, [requestFor('vanish'), requestFor('echo')]));
    t.is((await caller.call(0)).failure?.code, 'connect');
    t.is((await caller.call(1)).failure, undefined);
    sound(t, caller);
  });

  test(`${name} carries 8 MiB there and back`, async (t) => {
    await using peer = await startPeer();
    await using caller = openCaller(open(peer.port, [requestFor('echo', bigData()), requestFor('big')]), 2);
    const replies = await Promise.all([caller.call(0), caller.call(1)]);
    for (const reply of replies) {
      t.is(reply.failure, undefined);
      t.is(output(reply)?.length, bigSize);
      t.true(Buffer.from(output(reply) ?? []).equals(bigData()));
    }
    sound(t, caller);
  });

  test(`${name} keeps 64 requests apart`, async (t) => {
    await using peer = await startPeer();
    const requests = Array.from({ length: 64 }, (_, index) => requestFor('echo', Buffer.alloc(index * 97, index)));
    await using caller = openCaller(open(peer.port, requests), 64);
    const rounds = Array.from({ length: 5 });
    await Promise.all(
      requests.map(async (_, index) => {
        for (const _round of rounds) {
          const reply = await caller.call(index);
          t.is(reply.failure, undefined);
          t.true(Buffer.alloc(index * 97, index).equals(output(reply) ?? Buffer.from('none')));
        }
      }),
    );
    sound(t, caller);
  });

  // Alone, so that no other test's 8 MiB hold up the process while the time runs.
  test.serial(`${name} gives up a request after its time, and no other`, async (t) => {
    await using peer = await startPeer();
    const requests = [requestFor('silent'), requestFor('echo')];
    await using caller = openCaller(open(peer.port, requests, { requestTimeoutMs: 2000 }), 2);
    const [late, fine] = await Promise.all([caller.call(0), caller.call(1)]);
    t.is(late.failure?.code, 'timeout');
    t.is(fine.failure, undefined);
    t.is((await caller.call(1)).failure, undefined);
    sound(t, caller);
  });

  test(`${name} answers what is in flight when it is closed, and what comes after`, async (t) => {
    await using peer = await startPeer();
    const caller = openCaller(open(peer.port, [requestFor('silent'), requestFor('echo')]), 8);
    t.is((await caller.call(1)).failure, undefined);
    const inFlight = Array.from({ length: 8 }, () => caller.call(0));
    await caller[Symbol.asyncDispose]();
    const codes = (await Promise.all(inFlight)).map(({ failure }) => failure?.code);
    t.deepEqual(codes, Array(8).fill('abandoned'));
    t.is((await caller.call(1)).failure?.code, 'abandoned');
    sound(t, caller);
  });

  test(`${name} closes before it has connected`, async (t) => {
    await using peer = await startPeer();
    const caller = openCaller(open(peer.port, [requestFor('echo')]));
    const reply = caller.call(0);
    await caller[Symbol.asyncDispose]();
    t.is((await reply).failure?.code, 'abandoned');
    sound(t, caller);
  });

  test(`${name} refuses a request that was not prepared`, async (t) => {
    const transport = open(1, [])({ concurrency: 1, onReply: () => undefined });
    t.throws(() => transport.send(0, 0), { instanceOf: RangeError });
    await transport[Symbol.asyncDispose]();
  });
}
