import { createServer } from 'node:net';
import test from 'ava';
import { http1Transport } from '../../../../analyzer/wire/http1/http1-transport.js';
import type { OpenTransport } from '../../../../analyzer/wire/transport.js';
import { systemClock } from '../../../../src/core/clock.js';
import { certificate, trusting } from '../../../certificates/certificates.js';
import { openCaller } from '../caller.js';
import { startHttpPeer, startHttpsPeer } from '../http-peer.js';
import { httpOutput } from '../http-subjects.js';
import { requestFor } from '../peer.js';
import { transportContract } from '../transport-contract.js';

const open = (port: number, models: readonly string[], requestTimeoutMs?: number): OpenTransport =>
  http1Transport({
    origin: `http://127.0.0.1:${port}`,
    requests: models.map((model) => requestFor(model)),
    clock: systemClock,
    requestTimeoutMs,
  });

transportContract({
  name: 'http1Transport',
  startPeer: startHttpPeer,
  open: (port, requests, { compression, ...options } = {}) =>
    http1Transport({
      origin: `http://127.0.0.1:${port}`,
      requests,
      clock: systemClock,
      form: { compression },
      ...options,
    }),
  output: httpOutput,
  refusedAs: 'http 400',
});

transportContract({
  name: 'http1Transport over TLS',
  startPeer: startHttpsPeer,
  open: (port, requests, { compression, ...options } = {}) =>
    http1Transport({
      origin: `https://127.0.0.1:${port}`,
      requests,
      clock: systemClock,
      tls: trusting,
      form: { compression },
      ...options,
    }),
  output: httpOutput,
  refusedAs: 'http 400',
});

for (const model of ['chunked', 'close', 'interim']) {
  test(`http1Transport understands an answer that is ${model}`, async (t) => {
    await using peer = await startHttpPeer();
    await using caller = openCaller(open(peer.port, [model]));
    for (const _ of [1, 2, 3]) {
      const reply = await caller.call(0);
      t.is(reply.failure, undefined);
      t.is(Buffer.from(httpOutput(reply) ?? []).toString(), 'abcd');
    }
    t.deepEqual(caller.faults, []);
  });
}

const failures = [
  { model: 'bare-503', code: 'http 503', message: 'HTTP status 503' },
  { model: 'no-content', code: 'http 204', message: 'HTTP status 204' },
  { model: 'garbage', code: 'protocol', message: 'not an HTTP/1.1 status line: "this is not HTTP"' },
];
for (const { model, ...failure } of failures) {
  test(`http1Transport counts ${model} as ${failure.code}`, async (t) => {
    await using peer = await startHttpPeer();
    await using caller = openCaller(open(peer.port, [model, 'echo']));
    t.deepEqual<unknown, unknown>((await caller.call(0)).failure, failure);
    t.is((await caller.call(1)).failure, undefined);
  });
}

test('http1Transport counts an answer that cannot be decoded, and looks at none that nobody wants', async (t) => {
  await using peer = await startHttpPeer();
  await using caller = openCaller(open(peer.port, ['mangled', 'echo']));
  t.deepEqual<unknown, unknown>((await caller.call(0)).failure, {
    code: 'protocol',
    message: 'the answer cannot be decoded from gzip',
  });
  t.is((await caller.call(1)).failure, undefined);
  const failure = await new Promise((resolve) => {
    const transport = open(peer.port, ['mangled'])({ concurrency: 1, onReply: (_token, failed) => resolve(failed) });
    transport.send(0, 0);
  });
  t.is(failure, undefined);
});

test('http1Transport finds localhost, whichever family it answers on', async (t) => {
  await using peer = await startHttpPeer();
  const origin = `http://localhost:${peer.port}`;
  await using caller = openCaller(http1Transport({ origin, requests: [requestFor('echo')], clock: systemClock }));
  t.is((await caller.call(0)).failure, undefined);
});

test('http1Transport times out on a peer that accepts and says nothing, and closes', async (t) => {
  const frozen = createServer();
  await new Promise<void>((resolve) => frozen.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  const address = frozen.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const caller = openCaller(open(port, ['echo'], 50));
  t.is((await caller.call(0)).failure?.code, 'timeout');
  const second = caller.call(0);
  await caller[Symbol.asyncDispose]();
  t.is((await second).failure?.code, 'abandoned');
  t.deepEqual(caller.faults, []);
  frozen.close();
});

test('http1Transport takes more requests at a time than it was opened for', async (t) => {
  await using peer = await startHttpPeer();
  await using caller = openCaller(open(peer.port, ['echo']), 1);
  const replies = await Promise.all(Array.from({ length: 5 }, () => caller.call(0)));
  t.true(replies.every(({ failure }) => failure === undefined));
});

const distrust = [
  [undefined, /self-signed certificate|unable to verify|unable to get/],
  [{ verifiesPeer: false, verifiesHost: false }, undefined],
  [{ ...trusting, authorities: certificate('client.pem') }, /unable to|self-signed/],
] as const;
for (const [tls, message] of distrust) {
  test(`http1Transport ${message === undefined ? 'takes' : 'counts'} a certificate by ${JSON.stringify(Object.keys(tls ?? {}))}`, async (t) => {
    await using peer = await startHttpsPeer();
    const origin = `https://localhost:${peer.port}`;
    const requests = [requestFor('echo')];
    await using caller = openCaller(http1Transport({ origin, requests, clock: systemClock, tls }));
    const { failure } = await caller.call(0);
    t.is(failure?.code, message === undefined ? undefined : 'connect');
    t.regex(failure?.message ?? '', message ?? /^$/);
  });
}

test('http1Transport refuses an origin that is not HTTP', (t) => {
  t.throws(() => http1Transport({ origin: 'ftp://localhost:1', requests: [], clock: systemClock }), {
    instanceOf: RangeError,
  });
});
