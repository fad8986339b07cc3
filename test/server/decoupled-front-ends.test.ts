import { Agent, request as httpRequest } from 'node:http';
import { Client, credentials } from '@grpc/grpc-js';
import test from 'ava';
import { encodeModelInferRequest } from '../../src/protocol/grpc-infer.js';
import { emptyFinalResponseKey, finalResponseKey } from '../../src/protocol/grpc-stream.js';
import type { ParameterValue } from '../../src/protocol/infer.js';
import { startServer } from '../../src/server/start-server.js';
import {
  decoupledModel,
  endWithResponse,
  sendError,
  throwError,
  waitForCancel,
} from './backends/javascript/decoupled-model.js';
import { numbers, numbersOf } from './backends/javascript/javascript-model.js';
import { openStream } from './grpc/stream-client.js';
import { liveService } from './live-service.js';

async function serve(files: Readonly<Record<string, string>> = decoupledModel()) {
  const live = await liveService(files);
  const server = await startServer(live.service, {
    httpPort: 0,
    grpcPort: 0,
    allowMetrics: false,
    log: () => undefined,
  });
  const client = new Client(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  return {
    live,
    client,
    url: `http://127.0.0.1:${server.ports.http}/v2/models/m`,
    async [Symbol.asyncDispose]() {
      client.close();
      await server[Symbol.asyncDispose]();
      await live[Symbol.asyncDispose]();
    },
  };
}

const bytesOf = (values: readonly number[], id: string, parameters?: ReadonlyMap<string, ParameterValue>): Uint8Array =>
  encodeModelInferRequest(numbers(values, { id, ...(parameters === undefined ? {} : { parameters }) }));

const emptyFinal = new Map([[emptyFinalResponseKey, true]]);

test.serial('ModelStreamInfer sends the responses of a decoupled model as they come', async (t) => {
  await using served = await serve();
  const { call, ended, responses } = openStream(served.client);
  call.write(bytesOf([2], 'quiet'));
  call.write(bytesOf([1], 'told', emptyFinal));
  call.write(bytesOf([1, endWithResponse], 'last'));
  call.write(bytesOf([1, sendError], 'error', emptyFinal));
  call.write(bytesOf([0, throwError], 'failed'));
  call.end();
  t.deepEqual(await ended, { code: 0, details: '' });
  const of = (id: string) =>
    responses
      .filter(({ response }) => response.id === id)
      .map(({ errorMessage, response }) => [
        errorMessage === '' ? numbersOf(response).join() : errorMessage,
        response.parameters.get(finalResponseKey),
      ]);
  t.deepEqual(of('quiet'), [
    ['0', false],
    ['1', false],
  ]);
  t.deepEqual(of('told'), [
    ['0', false],
    ['', true],
  ]);
  t.deepEqual(of('last'), [
    ['0', false],
    ['-1', true],
  ]);
  t.deepEqual(of('error'), [
    ['0', false],
    ["model 'm': no more", false],
    ['', true],
  ]);
  t.deepEqual(of('failed'), [["model 'm': execute failed: not today", true]]);
});

test.serial('ModelStreamInfer does not let a decoupled request hold up what comes behind it', async (t) => {
  await using served = await serve();
  const { call, received, ended } = openStream(served.client);
  call.write(bytesOf([1, waitForCancel], 'waits'));
  call.write(encodeModelInferRequest(numbers([1], { id: 'unknown', modelName: 'nobody' })));
  const responses = await received(2);
  t.deepEqual(responses.map(({ response }) => response.id).toSorted(), ['unknown', 'waits']);
  call.cancel();
  t.is((await ended).code, 1);
  while (!served.live.lines.some((line) => line.endsWith('m_0: gone')))
    await new Promise((resolve) => setImmediate(resolve));
});

test.serial('unary inference of a decoupled model is refused over both protocols', async (t) => {
  await using served = await serve();
  const answer = await fetch(`${served.url}/infer`, { method: 'POST', body: '{"inputs":[]}' });
  t.is(answer.status, 501);
  t.deepEqual(await answer.json(), {
    error: "HTTP end point doesn't support models with decoupled transaction policy",
  });
  const error = await t.throwsAsync(
    new Promise((_, reject) => {
      served.client.makeUnaryRequest(
        '/inference.GRPCInferenceService/ModelInfer',
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer) => bytes,
        bytesOf([1], ''),
        reject,
      );
    }),
  );
  t.like(error, { code: 12, details: "ModelInfer RPC doesn't support models with decoupled transaction policy" });
});

const post = (url: string, X: readonly number[], headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: JSON.stringify({ X }), headers });

const eventsOf = (text: string) =>
  text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => JSON.parse(event.replace(/^data: /, '')));

for (const [what, headers] of [
  ['a usual connection', {}],
  ['node:http', { 'Transfer-Encoding': 'chunked' }],
] as const) {
  test.serial(`generate_stream sends the responses of a decoupled model over ${what}`, async (t) => {
    await using served = await serve();
    const send = (X: readonly number[]) => collect(`${served.url}/generate_stream`, JSON.stringify({ X }), headers);
    const three = await send([3]);
    t.is(three.status, 200);
    t.regex(three.type, /^text\/event-stream/);
    t.deepEqual(
      eventsOf(three.text).map(({ Y }) => Y),
      [0, 1, 2],
    );
    const failing = await send([2, throwError]);
    t.is(failing.status, 200);
    t.deepEqual(eventsOf(failing.text).at(-1), { error: "model 'm': execute failed: not today" });
    const refused = await send([0, throwError]);
    t.is(refused.status, 500);
    t.deepEqual(JSON.parse(refused.text), { error: "model 'm': execute failed: not today" });
    const nothing = await send([0]);
    t.like(nothing, { status: 200, text: '' });
  });
}

/** As one request with the body's length or, with the header, in chunks. */
function collect(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  { agent, onData }: { readonly agent?: Agent; readonly onData?: () => void } = {},
) {
  return new Promise<{ status: number | undefined; type: string; text: string }>((resolve, reject) => {
    const length = 'Transfer-Encoding' in headers ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const call = httpRequest(url, { method: 'POST', headers: { ...headers, ...length }, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        onData?.();
      });
      response.on('end', () =>
        resolve({ status: response.statusCode, type: String(response.headers['content-type']), text }),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

test.serial('a server that closes in the middle of a stream closes its connection behind it', async (t) => {
  const module = `export async function execute([request]) {
    await request.send({ outputs: { Y: [1] } });
    setTimeout(() => request.end(), 500);
  }`;
  await using live = await liveService(decoupledModel('', module));
  const server = await startServer(live.service, {
    httpPort: 0,
    allowGrpc: false,
    allowMetrics: false,
    log: () => undefined,
  });
  let onBegun: () => void = () => undefined;
  const agent = new Agent({ keepAlive: true });
  const begun = new Promise<void>((resolve) => {
    onBegun = resolve;
  });
  const url = `http://127.0.0.1:${server.ports.http}/v2/models/m/generate_stream`;
  const answer = collect(url, '{"X":[1]}', {}, { agent, onData: () => onBegun() });
  await begun;
  const closed = server[Symbol.asyncDispose]();
  t.deepEqual(
    eventsOf((await answer).text).map(({ Y }) => Y),
    [1],
  );
  const late = new Promise((resolve) => setTimeout(resolve, 15_000, 'late').unref());
  t.is(await Promise.race([closed, late]), undefined);
  agent.destroy();
});

test.serial('generate takes exactly one response of a decoupled model', async (t) => {
  await using served = await serve();
  const one = await post(`${served.url}/generate`, [1]);
  t.like(await one.json(), { model_name: 'm', Y: 0 });
  for (const X of [[0], [2]]) {
    const other = await post(`${served.url}/generate`, X);
    t.is(other.status, 500);
    t.regex(((await other.json()) as { error: string }).error, /expects model to produce exactly 1 response/);
  }
});

test.serial('a decoupled model learns that an HTTP client left in the middle of its answers', async (t) => {
  await using served = await serve();
  const gone = new AbortController();
  const answer = await fetch(`${served.url}/generate_stream`, {
    method: 'POST',
    body: JSON.stringify({ X: [2, waitForCancel] }),
    signal: gone.signal,
  });
  const { value } = (await answer.body?.getReader().read()) ?? {};
  t.regex(Buffer.from(value ?? []).toString(), /^data: /);
  gone.abort();
  while (!served.live.lines.some((line) => line.endsWith('m_0: gone')))
    await new Promise((resolve) => setImmediate(resolve));
});

test.serial('responses of 1 MB reach a client that reads slowly, one by one', async (t) => {
  const module = `
    let sent = 0;
    export async function execute([request]) {
      for (; sent < 40; sent++) await request.send({ outputs: { Y: new Int32Array(250000).fill(sent + 1000) } });
      request.end();
    }`;
  await using served = await serve(decoupledModel('', module));
  const { text } = await collect(`${served.url}/generate_stream`, '{"X":[1]}', {});
  const events = eventsOf(text);
  t.deepEqual(
    events.map(({ Y }) => [Y.length, Y[0], Y.at(-1)]),
    Array.from({ length: 40 }, (_, index) => [250000, index + 1000, index + 1000]),
  );
});

test.serial('a decoupled model waits for a gRPC client that reads slowly', async (t) => {
  const count = 100;
  const module = `export async function execute([request]) {
    for (let index = 1; index <= ${count}; index++) {
      await request.send({ outputs: { Y: new Int32Array(250000).fill(index) } });
      console.log('sent ' + index);
    }
    request.end();
  }`;
  await using served = await serve(decoupledModel('', module));
  const { call, responses, ended } = openStream(served.client);
  const sent = () => served.live.lines.filter((line) => / sent \d+$/.test(line)).length;
  call.write(bytesOf([1], ''));
  call.end();
  call.pause();
  while (sent() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  let before = -1;
  while (before !== sent()) {
    before = sent();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  t.true(before < count, `${before} of ${count} were sent while the client did not read`);
  call.resume();
  t.is((await ended).code, 0);
  t.deepEqual(
    responses.map(({ response }) => numbersOf(response)[0]),
    Array.from({ length: count }, (_, index) => index + 1),
  );
});
