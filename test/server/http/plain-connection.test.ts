import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import test from 'ava';
import { seededUint32 } from '../../../src/core/random.js';
import { type HttpOptions, startHttpServer } from '../../../src/server/http/http-server.js';
import { readInto } from '../../../src/server/read-into.js';
import { createInMemoryService } from '../../contract/in-memory-service.js';
import { exchange, type RawReply } from './raw-socket.js';

const path = '/v2/models/identity_uint8/infer';

async function serve(maxInputBytes = 2 ** 26, options: Pick<HttpOptions, 'patience'> = {}) {
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  const address = { host: '127.0.0.1', port: 0 };
  const service = createInMemoryService();
  const endpoint = await startHttpServer(service, { ...address, ...options, maxInputBytes, log });
  return { port: endpoint.port, service, logged, [Symbol.asyncDispose]: () => endpoint.close(0) };
}

/** An inference of so many random bytes, and what must come back. */
function inference(size: number, seed: number, headers = ''): { readonly request: Buffer; readonly data: string } {
  const random = seededUint32(seed);
  const data = Buffer.from(Uint8Array.from({ length: size }, () => random() & 0xff));
  const json = Buffer.from(
    `{"inputs":[{"name":"INPUT0","datatype":"UINT8","shape":[${size}],"parameters":{"binary_data_size":${size}}}],` +
      '"parameters":{"binary_data_output":true}}',
  );
  const head =
    `POST ${path} HTTP/1.1\r\nContent-Length: ${json.length + size}\r\n` +
    `Inference-Header-Content-Length: ${json.length}\r\n${headers}\r\n`;
  return { request: Buffer.concat([Buffer.from(head), json, data]), data: data.toString('latin1') };
}

const tail = (reply: RawReply | undefined, length: number): string | undefined =>
  length === 0 ? '' : reply?.body.slice(-length);

const sizes = [0, 1, 1000, 65_000, 65_536, 70_000, 300_000, 1_000_000];

test('requests of every size come back byte for byte on one connection, pipelined', async (t) => {
  await using fixture = await serve();
  const all = [...sizes, ...sizes.toReversed()].map((size, index) => inference(size, index));
  const replies = await exchange(fixture.port, Buffer.concat(all.map(({ request }) => request)), all.length);
  t.is(replies.length, all.length);
  all.forEach(({ data }, index) => {
    t.is(replies[index]?.status, 200);
    t.true(tail(replies[index], data.length) === data, `request ${index}`);
  });
  t.deepEqual(fixture.logged, []);
});

test('a request may come in any pieces', async (t) => {
  await using fixture = await serve();
  const { request, data } = inference(70_000, 1);
  const headLength = request.indexOf('\r\n\r\n') + 4;
  const cuts = [1, 10, headLength - 2, headLength, headLength + 1, headLength + 200, request.length - 1];
  for (const cut of cuts) {
    const socket = connect(fixture.port, '127.0.0.1').setNoDelay(true);
    socket.write(request.subarray(0, cut));
    setTimeout(() => socket.write(request.subarray(cut)), 20);
    t.true((await collect(socket, data.length)).endsWith(data), `cut at ${cut}`);
  }
});

test('what is out of the ordinary goes to node:http, and what comes after it too', async (t) => {
  await using fixture = await serve(100_000);
  const usual = inference(200_000, 1);
  const waits = inference(80_000, 2, 'Expect: 100-continue\r\n');
  const chunked = `POST ${path} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`;
  const requests = [
    usual.request,
    waits.request,
    usual.request,
    Buffer.from(chunked),
    Buffer.from('GET /v2 HTTP/1.1\r\n\r\n'),
  ];
  const replies = await exchange(fixture.port, Buffer.concat(requests), 6);
  t.deepEqual(
    replies.map(({ status }) => status),
    [200, 100, 200, 200, 400, 200],
  );
  t.true(tail(replies[0], usual.data.length) === usual.data);
  t.true(tail(replies[2], waits.data.length) === waits.data);
  t.true(tail(replies[3], usual.data.length) === usual.data);
});

test('a body that is announced and does not come costs no memory', async (t) => {
  await using fixture = await serve();
  const head = `POST ${path} HTTP/1.1\r\nInference-Header-Content-Length: 9\r\nContent-Length: 2147483647\r\n\r\n{}`;
  const before = process.memoryUsage.rss();
  const sockets = Array.from({ length: 20 }, () => connect(fixture.port, '127.0.0.1'));
  for (const socket of sockets) socket.write(head);
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.true(process.memoryUsage.rss() - before < 200 * 1024 ** 2);
  for (const socket of sockets) socket.destroy();
  t.is((await exchange(fixture.port, inference(10, 1).request))[0]?.status, 200);
});

test('a request whose body is on its way is answered while the server closes', async (t) => {
  const endpoint = await startHttpServer(createInMemoryService(), {
    host: '127.0.0.1',
    port: 0,
    maxInputBytes: 2 ** 26,
    log: () => undefined,
  });
  const { request, data } = inference(200_000, 4);
  const socket = connect(endpoint.port, '127.0.0.1');
  socket.write(Buffer.concat([inference(10, 5).request, request.subarray(0, 20_000)]));
  await once(socket, 'data'); // the answer to the first: the beginning of the second has been read
  const closed = endpoint.close(20_000);
  socket.write(request.subarray(20_000));
  t.true((await collect(socket, data.length)).endsWith(data));
  await closed;
});

test('a client that does not read its answers is not read from', async (t) => {
  await using fixture = await serve();
  const { request, data } = inference(1_000_000, 3);
  const socket = connect(fixture.port, '127.0.0.1').pause();
  const count = 150; // more than the kernel buffers on the way there and back
  for (let sent = 0; sent < count; sent++) socket.write(request);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  t.true(socket.writableLength > 20_000_000, `only ${socket.writableLength} bytes were not taken`);
  let received = 0;
  for await (const piece of socket) {
    received += (piece as Buffer).length;
    if (received > count * data.length) break;
  }
  t.true(received > count * data.length);
  socket.destroy();
});

for (const [way, headers] of [
  ['the usual way', ''],
  ['through node:http', 'TE: trailers\r\n'],
] as const) {
  test(`a client that takes nothing of its answer for long is left: ${way}`, async (t) => {
    const patience = { headersMs: 300, requestMs: 300, idleMs: 10_000, checkMs: 50 };
    await using fixture = await serve(2 ** 26, { patience });
    const { infer } = fixture.service;
    const data = new Uint8Array(32 * 2 ** 20); // more than the kernel buffers
    fixture.service.infer = async (request) => {
      const response = await infer(request);
      return { ...response, outputs: response.outputs.map((output) => ({ ...output, shape: [data.length], data })) };
    };
    const socket = connect(fixture.port, '127.0.0.1').pause();
    socket.on('error', () => undefined);
    socket.write(inference(10, 7, headers).request);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    let received = 0;
    socket.on('data', (piece) => {
      received += piece.length;
    });
    await new Promise((resolve) => socket.resume().once('close', resolve));
    t.true(received > 0 && received < data.length, `${received} bytes came`);
    fixture.service.infer = infer;
    t.is((await exchange(fixture.port, inference(10, 1).request))[0]?.status, 200);
  });
}

const halfClosed: readonly [title: string, request: (usual: Buffer) => Buffer, statuses: readonly number[]][] = [
  ['a usual request', (usual) => usual, [200]],
  ['requests that are pipelined', (usual) => Buffer.concat([usual, usual, usual]), [200, 200, 200]],
  ['an unusual request', () => Buffer.from('GET /v2 HTTP/1.0\r\n\r\n'), [200]],
  ['half a body', (usual) => usual.subarray(0, -1), [400]],
  ['half a head', (usual) => usual.subarray(0, 20), [400]],
];

for (const [title, request, statuses] of halfClosed) {
  test(`a client that sends ${title} and then ends its side gets its answers`, async (t) => {
    await using fixture = await serve();
    const bytes = request(inference(70_000, 6).request);
    const replies = await exchange(fixture.port, bytes, { expectReplies: 4, endsItsSide: true });
    t.deepEqual(
      replies.map(({ status }) => status),
      statuses,
    );
  });
}

test('a client that breaks HTTP and goes on is told so, and cut off', async (t) => {
  await using fixture = await serve();
  const socket = connect({ port: fixture.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.write('no HTTP at all\r\n\r\n');
  const [answer] = await once(socket, 'data');
  t.regex(String(answer), /^HTTP\/1.1 400 Bad Request/);
  const goOn = setInterval(() => socket.write('x'), 50);
  await new Promise((resolve) => socket.once('close', resolve)); // after a reset
  clearInterval(goOn);
  t.pass();
});

test('readInto without a handle to take reads as ever', async (t) => {
  const accepted = new PassThrough();
  const taken: string[] = [];
  const socket = readInto(accepted as unknown as Socket, {
    room: () => Buffer.alloc(10),
    take: (bytes) => {
      taken.push(bytes.toString());
      return taken.length !== 1;
    },
  });
  accepted.write('one');
  await turn();
  accepted.write('two');
  await turn();
  t.deepEqual(taken, ['one']);
  socket.resume();
  await turn();
  t.deepEqual(taken, ['one', 'two']);
});

test('readInto moves a connection, so that its server still knows when it ends', async (t) => {
  const server = createServer((accepted) => {
    const room = Buffer.alloc(4);
    const socket = readInto(accepted, {
      room: () => room,
      take: (bytes) => {
        t.is(bytes.buffer, room.buffer);
        socket.write(bytes.toString().toUpperCase());
        return true;
      },
    });
    t.not(socket, accepted, 'this Node keeps its handles elsewhere: connections are read the slow way');
    socket.on('end', () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  socket.write('hello world');
  t.is(await collect(socket, 11), 'HELLO WORLD');
  await new Promise((resolve) => server.close(resolve));
});

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Reads at least so many bytes, as latin1, and leaves. */
async function collect(socket: Socket, length: number): Promise<string> {
  let received = '';
  for await (const piece of socket) {
    received += (piece as Buffer).toString('latin1');
    if (received.length >= length && isWhole(received, length)) break;
  }
  socket.destroy();
  return received;
}

/** The bytes of the last answer are there, as far as its head says how many they are. */
function isWhole(received: string, length: number): boolean {
  const last = received.lastIndexOf('HTTP/1.1 200');
  if (last === -1) return received.length >= length;
  const head = /content-length: (\d+)[\s\S]*?\r\n\r\n/i.exec(received.slice(last));
  return head !== null && received.length - last >= head.index + head[0].length + Number(head[1]);
}
