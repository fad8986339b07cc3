import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { seededUint32 } from '../../../src/core/random.js';
import type { Endpoint } from '../../../src/server/endpoint.js';
import { type HttpOptions, startHttpServer } from '../../../src/server/http/http-server.js';
import { createInMemoryService, type InMemoryService } from '../../contract/in-memory-service.js';
import { exchange, post, type RawReply } from './raw-socket.js';

interface Fixture extends AsyncDisposable {
  readonly port: number;
  readonly service: InMemoryService;
  readonly endpoint: Endpoint;
  readonly logged: string[];
}

async function serve(maxInputBytes = 2 ** 26, timeouts: Pick<HttpOptions, 'patience'> = {}): Promise<Fixture> {
  const service = createInMemoryService();
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  const endpoint = await startHttpServer(service, { host: '127.0.0.1', port: 0, maxInputBytes, log, ...timeouts });
  return { port: endpoint.port, service, endpoint, logged, [Symbol.asyncDispose]: () => endpoint.close(0) };
}

async function ask(port: number, bytes: string | Buffer): Promise<RawReply> {
  const [reply] = await exchange(port, bytes);
  if (reply === undefined) throw new Error('no reply');
  return reply;
}

const errorOf = (reply: RawReply): unknown => JSON.parse(reply.body).error;
const get = (path: string, method = 'GET'): string => `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

const identity = '{"inputs":[{"name":"INPUT0","datatype":"UINT8","shape":[2],"data":[1,2]}]}';
const identityPath = '/v2/models/identity_uint8/infer';

const answers: readonly [request: string, status: number, body: RegExp][] = [
  [get('/v2/health/live'), 200, /^$/],
  [get('/v2/health/ready?verbose=1'), 200, /^$/],
  [get('/v2'), 200, /"name":"triton"/],
  [get('http://any.host:8000/v2/health/live'), 200, /^$/],
  [get('HTTPS://x?y'), 404, /^\{"error":"Not Found"\}$/],
  [get('x:443', 'CONNECT'), 405, /^\{"error":"Method Not Allowed"\}$/],
  [get('/v2/models/simple'), 200, /"platform":"onnxruntime_onnx"/],
  [get('/v2/models/simple/versions/1/ready'), 200, /^$/],
  [get('/v2/models/stuck/ready'), 400, /^\{"error":"Model version not ready"\}$/],
  [get('/v2/models/stats'), 200, /^\{"model_stats":\[\{"name":"simple"/],
  [get('/v2/models/simple/versions/1/stats'), 200, /"inference_count":0/],
  [post('/v2/repository/index', ''), 200, /^\[\{"name":"simple"/],
  [post('/v2/repository/any/index', '{"ready":true}'), 200, /^\[\{"name":"simple"/],
  [post('/v2/repository/index', '{"ready":null}'), 400, /Invalid value for 'ready': expected a boolean/],
  [post('/v2/repository/models/simple/load', ''), 200, /^$/],
  [
    post('/v2/repository/models/simple/load', '{"parameters":{"file:1/m":"%%%"}}'),
    400,
    /must be the content of the file as base64/,
  ],
  [
    post('/v2/repository/models/simple/load', '{"parameters":{"config":{}}}'),
    400,
    /parameter 'config' must be a string/,
  ],
  [post('/v2/repository/models/simple/unload', '{"parameters":{"unload_dependents":1}}'), 400, /expected a boolean/],
  [post('/v2/repository/own/models/simple/load', ''), 501, /'repository_name' specification is not supported/],
  [
    post('/v2/repository/models/simple/load', '{"parameters":{"x":"y"}}'),
    500,
    /unexpected error on creating Triton parameter: unrecognized load parameter 'x'\./,
  ],
  [post('/v2/models/none/infer', '{'), 404, /unknown model: 'none' is not found/],
  [post('/v2/models/simple/infer', '{'), 400, /failed to parse the JSON/],
  [post('/v2/systemsharedmemory/register', '{"key":"/x","byte_size":1}'), 501, /shared memory is disabled/],
  [post('/v2/models/simple/generate', '{}'), 400, /expected 2 inputs but got 0 inputs for model 'simple'/],
  [post('/v2/models/simple/generate_stream', '{}'), 400, /expected 2 inputs but got 0 inputs for model 'simple'/],
  [post('/v2/models/none/generate', '{}'), 404, /unknown model: 'none' is not found/],
  [post('/v2/models/simple/generate', '{'), 400, /failed to parse the JSON/],
  [post('/v2/models/simple/generate', '[]'), 400, /expected a JSON object/],
  [get('/v2/models/simple/generate'), 405, /Method Not Allowed/],
  [
    post('/v2/models/identity_bytes/generate', '{"id":"7","INPUT0":"gr\u00fcn","parameters":{"top_k":3}}'),
    200,
    /^\{"id":"7","model_name":"identity_bytes","model_version":"1","OUTPUT0":"gr.+n"\}$/,
  ],
  [
    post('/v2/models/identity_int64/versions/1/generate', '{"INPUT0":[9007199254740993,-1]}'),
    200,
    /"OUTPUT0":\[9007199254740993,-1\]/,
  ],
  [get('/v2/trace/setting'), 200, /^\{"trace_level":\["OFF"\]/],
  [get('/v2/models/simple/trace/setting'), 200, /^\{"trace_level":\["OFF"\]/],
  [post('/v2/logging', '{}'), 200, /^\{"log_file":""/],
  [get('/v2/systemsharedmemory/status'), 501, /Client shared memory is disabled/],
  [post('/v2/cudasharedmemory/region/r/register', '{}'), 501, /Client shared memory is disabled/],
  [get('/v2/', 'GET'), 404, /^\{"error":"Not Found"\}$/],
  [get('/'), 404, /Not Found/],
  [get('*', 'OPTIONS'), 404, /Not Found/],
  [get('/v2/models/simp%6ce/ready'), 404, /unknown model: 'simp%6ce' is not found/],
  [get('/v2/models//ready'), 404, /Not Found/],
  [get('/v2/models/simple/versions/x/ready'), 404, /Not Found/],
  [get('/v2/models/simple/versions/-1'), 404, /Not Found/],
  [get('/v2/models/simple/ready/'), 404, /Not Found/],
  [get('/v2/models/simple/versions/1/trace/setting'), 404, /Not Found/],
  [post('/v2/repository/models//load', ''), 404, /Not Found/],
  [post('/v2', '{}'), 405, /^\{"error":"Method Not Allowed"\}$/],
  [get('/v2/models/simple/infer'), 405, /Method Not Allowed/],
  [get('/v2/models/simple/infer', 'DELETE'), 405, /Method Not Allowed/],
  [post(identityPath, identity), 200, /"data":\[1,2\]/],
  [post(identityPath, '{"inputs":'), 400, /failed to parse the JSON/],
  [post(identityPath, '[1]'), 400, /expected a JSON object/],
  [post(identityPath, '{"inputs":[],"parameters":{"__proto__":{"a":1}}}'), 400, /parameter '__proto__' of request/],
  [post(identityPath, '{"__proto__":{"inputs":[]}}'), 400, /'inputs' must be an array/],
  [post(identityPath, identity, { 'Content-Encoding': '' }), 200, /"data":\[1,2\]/],
  [post(identityPath, identity, { 'Content-Encoding': 'Identity' }), 200, /"data":\[1,2\]/],
  [post(identityPath, identity, { 'Content-Encoding': 'br' }), 501, /Unsupported compression type/],
  [post(identityPath, identity, { Expect: 'a miracle' }), 417, /Expectation Failed/],
  [`GET ${'/v2'.padEnd(20_000, 'x')} HTTP/1.1\r\n\r\n`, 431, /"error":/],
  ['GET / HTTP/3.7\r\n\r\n', 400, /"error":/],
  ['hello\r\n\r\n', 400, /"error":/],
  [`POST ${identityPath} HTTP/1.1\r\nContent-Length: -5\r\n\r\n`, 400, /"error":/],
  [`POST ${identityPath} HTTP/1.1\r\nContent-Length: many\r\n\r\n`, 400, /"error":/],
  [`POST ${identityPath} HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400, /"error":/],
  [`POST ${identityPath} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, /"error":/],
];

for (const [request, status, body] of answers) {
  const shown = request.replace(/\r\n/g, ' ').slice(0, 120);
  test(`startHttpServer answers ${status} ${body.source} to ${shown}`, async (t) => {
    await using fixture = await serve();
    const reply = await ask(fixture.port, request);
    t.is(reply.status, status, reply.body);
    t.regex(reply.body, body);
    t.deepEqual(fixture.logged, []);
  });
}

test('startHttpServer answers generate_stream with one server-sent event, and never compressed', async (t) => {
  await using fixture = await serve();
  const body = '{"INPUT0":"hello","id":"a"}';
  const path = '/v2/models/identity_bytes/generate_stream';
  const reply = await ask(fixture.port, post(path, body, { 'Accept-Encoding': 'gzip' }));
  t.is(reply.status, 200);
  t.regex(reply.head, /\r\nContent-Type: text\/event-stream; charset=utf-8\r\n/);
  t.notRegex(reply.head, /content-encoding/i);
  t.is(reply.body, 'data: {"id":"a","model_name":"identity_bytes","model_version":"1","OUTPUT0":"hello"}\n\n');
  const plain = await ask(fixture.port, post(path.replace('_stream', ''), body, { 'Accept-Encoding': 'gzip' }));
  t.is(plain.body, reply.body.slice('data: '.length, -2));
  t.regex(plain.head, /\r\nContent-Type: application\/json\r\n/);
});

test('startHttpServer hands the members of generate that are no inputs to the model as parameters', async (t) => {
  await using fixture = await serve();
  const { infer } = fixture.service;
  const seen: unknown[] = [];
  fixture.service.infer = (request, signal) => {
    seen.push([...request.parameters], request.inputs[0]?.shape, request.id);
    return infer(request, signal);
  };
  const body = '{"INPUT0":[[1],[2]],"priority":3,"parameters":{"note":"x","stream":false}}';
  t.is((await ask(fixture.port, post('/v2/models/identity_uint8/generate', body))).status, 200);
  t.deepEqual(seen, [
    [
      ['priority', 3],
      ['note', 'x'],
      ['stream', false],
    ],
    [2],
    '',
  ]);
});

const headerLengths = ['99999999999', '-1', 'x', '', '1.5', '1e1', '0x10', '+5', ' ', '2147483648', '1, 2', '79'];

for (const length of headerLengths) {
  test(`startHttpServer refuses Inference-Header-Content-Length ${JSON.stringify(length)}`, async (t) => {
    await using fixture = await serve();
    const reply = await ask(fixture.port, post(identityPath, identity, { 'Inference-Header-Content-Length': length }));
    t.is(reply.status, 400);
    t.regex(
      String(errorOf(reply)),
      /Inference-Header-Content-Length must be an integer|inference header size should be/,
    );
  });
}

test('startHttpServer answers a Content-Length beyond every limit before the body', async (t) => {
  await using fixture = await serve();
  const head = (length: string) => `POST ${identityPath} HTTP/1.1\r\nContent-Length: ${length}\r\n\r\n{`;
  for (const length of ['99999999999', '67108865', '9007199254740993']) {
    const reply = await ask(fixture.port, head(length));
    t.is(reply.status, 400);
    t.regex(String(errorOf(reply)), /exceeds the maximum allowed.*Use --http-max-input-size to increase the limit/);
  }
});

test('startHttpServer limits JSON and raw bodies but not binary tensors', async (t) => {
  await using fixture = await serve(200);
  const tooLong = identity.padEnd(201);
  t.is((await ask(fixture.port, post(identityPath, tooLong))).status, 400);
  t.is((await ask(fixture.port, post(identityPath, tooLong, { 'Inference-Header-Content-Length': 201 }))).status, 400);
  t.is((await ask(fixture.port, post(identityPath, tooLong, { 'Inference-Header-Content-Length': 0 }))).status, 400);
  const wide = '{"inputs":[{"name":"INPUT0","datatype":"FP64","shape":[26],"data":[]}]}';
  const refused = await ask(fixture.port, post('/v2/models/identity_fp64/infer', wide));
  t.is(refused.status, 400);
  t.regex(String(errorOf(refused)), /^tensor 'INPUT0' of 208 bytes exceeds the maximum allowed.*--http-max-input-size/);
  const head =
    '{"inputs":[{"name":"INPUT0","datatype":"UINT8","shape":[500],"parameters":{"binary_data_size":500}}],"outputs":[{"name":"OUTPUT0","parameters":{"binary_data":true}}]}';
  const reply = await ask(
    fixture.port,
    post(identityPath, head + 'x'.repeat(500), { 'Inference-Header-Content-Length': head.length }),
  );
  t.is(reply.status, 200, reply.body);
  t.true(reply.body.endsWith('x'.repeat(500)));
  t.regex(
    reply.head,
    /Content-Type: application\/octet-stream\r\nInference-Header-Content-Length: \d+\r\nContent-Length/,
  );
});

test('startHttpServer reads gzip and deflate bodies within the limit', async (t) => {
  await using fixture = await serve(1_000);
  const send = (encoding: string, body: Buffer) => {
    const head = post(identityPath, '', { 'Content-Encoding': encoding, 'Content-Length': body.length });
    return ask(fixture.port, Buffer.concat([Buffer.from(head), body]));
  };
  t.is((await send('gzip', gzipSync(identity))).status, 200);
  t.is((await send('deflate', deflateSync(identity))).status, 200);
  t.is((await send('identity', Buffer.from(identity))).status, 200);
  const refusals: [string, Buffer, RegExp][] = [
    ['gzip', Buffer.from(identity), /failed to decompress the gzip body/],
    ['gzip', gzipSync(identity).subarray(0, 30), /failed to decompress the gzip body/],
    ['gzip', Buffer.alloc(0), /nothing to be decompressed/],
    ['deflate', deflateSync(identity.padEnd(1_001)), /decompressed body exceeds the maximum allowed/],
  ];
  for (const [encoding, body, message] of refusals) {
    const reply = await send(encoding, body);
    t.is(reply.status, 400);
    t.regex(String(errorOf(reply)), message);
  }
});

test('startHttpServer reads chunked bodies, up to 65,536 chunks', async (t) => {
  await using fixture = await serve();
  const head = `POST ${identityPath} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const chunked = (pieces: readonly string[]) =>
    `${head}${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;
  t.is((await ask(fixture.port, chunked([...identity]))).status, 200);
  const refused = await ask(fixture.port, chunked([...identity.padEnd(65_537)]));
  t.is(refused.status, 400);
  t.regex(String(errorOf(refused)), /more than 65536 chunks/);
});

test('startHttpServer takes a raw binary request, with and without the header', async (t) => {
  await using fixture = await serve();
  const header = { 'Inference-Header-Content-Length': 0 };
  const raw = await ask(fixture.port, post(identityPath, 'abc', header));
  t.is(raw.status, 200);
  t.regex(raw.body, /"shape":\[3\],"parameters":\{"binary_data_size":3\}\}\]\}abc$/);
  const text = await ask(fixture.port, post('/v2/models/identity_bytes/infer', 'abc', header));
  t.regex(text.body, /"shape":\[1\]/);
  t.true(text.body.endsWith('\u0003\0\0\0abc'));
  const odd = await ask(fixture.port, post('/v2/models/identity_fp32/infer', 'abc', header));
  t.regex(String(errorOf(odd)), /^input byte size mismatch for input 'INPUT0'/);
  const many = await ask(fixture.port, post('/v2/models/simple/infer', ''));
  t.regex(
    String(errorOf(many)),
    /^Raw request must only have 1 input \(found 1\) to be deduced but got 2 inputs in 'simple'/,
  );
});

test('startHttpServer answers pipelined requests in order and keeps the connection', async (t) => {
  await using fixture = await serve();
  const bytes = get('/v2/health/live') + post(identityPath, identity) + post(identityPath, '{') + get('/v2/nowhere');
  const replies = await exchange(fixture.port, bytes, 4);
  t.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 400, 404],
  );
});

test('startHttpServer aborts the inference when the client goes away', async (t) => {
  await using fixture = await serve();
  const { infer } = fixture.service;
  const { promise: aborted, resolve } = deferred<string>();
  const { promise: begun, resolve: begin } = deferred<void>();
  fixture.service.infer = (request, signal) => {
    signal?.addEventListener('abort', () => resolve(request.id));
    begin();
    return infer(request, signal);
  };
  const body = identity.replace('{', '{"id":"mine",').replace('UINT8', 'FP32');
  const client = exchangeUntil(fixture.port, post('/v2/models/stuck/infer', body), begun);
  await client;
  t.is(await aborted, 'mine');
});

test('startHttpServer forgets a request whose body is cut short', async (t) => {
  await using fixture = await serve();
  await exchangeUntil(fixture.port, post(identityPath, identity, { 'Content-Length': 5_000 }), Promise.resolve());
  t.is((await ask(fixture.port, post(identityPath, identity))).status, 200);
  t.deepEqual(fixture.logged, []);
});

test('startHttpServer answers 408 to headers and bodies that do not come, and closes idle connections', async (t) => {
  const patience = { headersMs: 100, requestMs: 100, idleMs: 100, checkMs: 20 };
  await using fixture = await serve(1_000, { patience });
  const slow = ['', 'GET /v2 HT', `GET /v2 HTTP/1.1\r\nX-Slow: `, post(identityPath, '', { 'Content-Length': 5 })];
  const replies = await Promise.all(slow.map((bytes) => exchange(fixture.port, bytes)));
  t.deepEqual(
    replies.map(([reply]) => reply?.status),
    [408, 408, 408, 408],
  );
  t.regex(replies[3]?.[0]?.body ?? '', /^\{"error":"Request Timeout/);
  t.is((await exchange(fixture.port, get('/v2'), 2)).length, 1);
  t.deepEqual(fixture.logged, []);
});

test('startHttpServer logs the stack of a bug and answers 500', async (t) => {
  await using fixture = await serve();
  const reply = await ask(fixture.port, post('/v2/models/broken/infer', identity.replace('UINT8', 'FP32')));
  t.is(reply.status, 500);
  t.is(errorOf(reply), 'internal error: cannot read properties of a model');
  t.regex(fixture.logged.join(), /^internal error: TypeError: cannot read properties.*\n +at /);
});

test('startHttpServer finishes what is in flight while it closes, and answers 503 to what comes then', async (t) => {
  await using fixture = await serve();
  const { infer } = fixture.service;
  const { promise: begun, resolve: begin } = deferred<void>();
  const { promise: released, resolve: release } = deferred<void>();
  fixture.service.infer = async (request, signal) => {
    begin();
    await released;
    return infer(request, signal);
  };
  const replies = exchange(fixture.port, post(identityPath, identity) + get('/v2'), 2);
  await begun;
  const closed = fixture.endpoint.close(20_000);
  release();
  const [first, second] = await replies;
  t.is(first?.status, 200);
  t.true(second === undefined || second.status === 503);
  await closed;
  await t.throwsAsync(ask(fixture.port, get('/v2')));
});

test('startHttpServer stays alive through 300 random requests', async (t) => {
  await using fixture = await serve(10_000);
  const random = seededUint32(11);
  for (let round = 0; round < 300; round += 20) {
    const batch = Array.from({ length: 20 }, () => garbage(random));
    await Promise.all(batch.map((bytes) => exchangeUntil(fixture.port, bytes, Promise.resolve())));
  }
  t.is((await ask(fixture.port, post(identityPath, identity))).status, 200);
  t.deepEqual(fixture.logged, []);
});

/** Requests that are right in most parts and wrong in some. */
function garbage(random: () => number): Buffer {
  const pick = <Value>(...values: readonly Value[]): Value => values[random() % values.length] as Value;
  const noise = Buffer.from(Array.from({ length: random() % 60 }, () => random() & 0xff));
  const body = pick(
    identity,
    identity.slice(0, random() % identity.length),
    noise.toString('latin1'),
    '{"inputs":[[[[',
    '',
  );
  const bytes = Buffer.from(
    post(
      pick(identityPath, '/v2/repository/index', '/v2/repository/models/simple/load', `/${noise.toString('base64')}`),
      body,
      {
        'Content-Length': pick<string | number>(body.length, body.length + 7, 0, -1, noise.toString('hex')),
        'Inference-Header-Content-Length': pick<string | number>(0, body.length, random(), -1, 'x'),
        [pick('X-Any', 'Transfer-Encoding', 'Expect', 'Connection')]: pick(
          'chunked',
          '100-continue',
          'close',
          'upgrade',
        ),
      },
    ),
    'latin1',
  );
  for (let change = random() % 4; change > 0; change--) bytes[random() % bytes.length] = random() & 0xff;
  return bytes;
}

function deferred<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Sends bytes, waits for `enough` and a turn of the loop, and resets the connection. */
async function exchangeUntil(port: number, bytes: string | Buffer, enough: Promise<unknown>): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
  await enough;
  socket.resetAndDestroy();
}
