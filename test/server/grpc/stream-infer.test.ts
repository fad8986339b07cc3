import { connect } from 'node:http2';
import { Client, credentials, status } from '@grpc/grpc-js';
import test from 'ava';
import { encodeModelInferRequest } from '../../../src/protocol/grpc-infer.js';
import { decodeStreamResponse, emptyFinalResponseKey, finalResponseKey } from '../../../src/protocol/grpc-stream.js';
import { type InferRequest, noParameters } from '../../../src/protocol/infer.js';
import { messageType } from '../../../src/protocol/schema.js';
import { startGrpcServer } from '../../../src/server/grpc/grpc-server.js';
import { streamMethods } from '../../../src/server/grpc/stream-methods.js';
import { framed } from '../../analyzer/wire/grpc-peer.js';
import { createInMemoryService, type InMemoryService } from '../../contract/in-memory-service.js';
import { openStream, streamPath } from './stream-client.js';

async function serve() {
  const service = createInMemoryService();
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  const endpoint = await startGrpcServer(service, { host: '127.0.0.1', port: 0, log });
  const client = new Client(`127.0.0.1:${endpoint.port}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  });
  const dispose = async () => {
    client.close();
    await endpoint.close(0);
  };
  return { service, client, endpoint, logged, [Symbol.asyncDispose]: dispose };
}

const requestOf = (id: string, changes: Partial<InferRequest> = {}): InferRequest => ({
  modelName: 'identity_uint8',
  modelVersion: '',
  id,
  parameters: noParameters,
  inputs: [{ name: 'INPUT0', datatype: 'UINT8', shape: [2], data: Uint8Array.of(7, 8), parameters: noParameters }],
  outputs: [],
  ...changes,
});

const bytesOf = (id: string, changes: Partial<InferRequest> = {}): Uint8Array =>
  encodeModelInferRequest(requestOf(id, changes));

/** Holds every inference until `release` of its id; `begun` resolves when so many wait. */
function hold(service: InMemoryService) {
  const { infer } = service;
  const held = new Map<string, () => void>();
  let onBegun: () => void = () => undefined;
  service.infer = async (request, signal) => {
    await new Promise<void>((resolve) => {
      held.set(request.id, resolve);
      onBegun();
    });
    return infer(request, signal);
  };
  return {
    release: (id: string) => held.get(id)?.(),
    begun: async (count: number) => {
      while (held.size < count) {
        await new Promise<void>((resolve) => {
          onBegun = resolve;
        });
      }
    },
  };
}

const ids = (responses: readonly { readonly response: { readonly id: string } }[]) =>
  responses.map(({ response }) => response.id);

test('ModelStreamInfer answers each request of a stream, and ends when the client has', async (t) => {
  await using fixture = await serve();
  const stream = openStream(fixture.client);
  stream.call.write(bytesOf('a'));
  stream.call.write(bytesOf('b', { modelName: 'identity_uint8', modelVersion: '1' }));
  const [first, second] = await stream.received(2);
  t.is(first?.errorMessage, '');
  t.is(first?.response.modelName, 'identity_uint8');
  t.is(first?.response.modelVersion, '1');
  t.deepEqual([...(first?.response.outputs[0]?.data ?? [])], [7, 8]);
  t.is(first?.response.parameters.get(finalResponseKey), true);
  t.deepEqual(ids([first, second].flatMap((each) => each ?? [])), ['a', 'b']);
  stream.call.end();
  t.is((await stream.ended).code, status.OK);
  t.is(stream.responses.length, 2);
  t.deepEqual(fixture.logged, []);
});

test('ModelStreamInfer serves requests side by side and answers them in their order', async (t) => {
  await using fixture = await serve();
  const held = hold(fixture.service);
  const stream = openStream(fixture.client);
  for (const id of ['a', 'b', 'c']) stream.call.write(bytesOf(id));
  await held.begun(3);
  held.release('c');
  held.release('b');
  held.release('a');
  t.deepEqual(ids(await stream.received(3)), ['a', 'b', 'c']);
  stream.call.end();
  t.is((await stream.ended).code, status.OK);
});

test('ModelStreamInfer ends only when what is in flight is answered', async (t) => {
  await using fixture = await serve();
  const held = hold(fixture.service);
  const stream = openStream(fixture.client);
  stream.call.write(bytesOf('a'));
  stream.call.write(bytesOf('b'));
  stream.call.end();
  await held.begun(2);
  held.release('a');
  t.deepEqual(ids(await stream.received(1)), ['a']);
  held.release('b');
  t.is((await stream.ended).code, status.OK);
  t.deepEqual(ids(stream.responses), ['a', 'b']);
});

const failures: readonly [title: string, request: Uint8Array, id: string, text: RegExp][] = [
  ['an unknown model', bytesOf('x', { modelName: 'none' }), 'x', /^Request for unknown model: 'none' is not found$/],
  ['a version that is no number', bytesOf('x', { modelVersion: 'v' }), 'x', /^failed to get model version/],
  ['a request that does not fit', bytesOf('x', { inputs: [] }), 'x', /expected 1 inputs but got 0 inputs/],
  [
    'a reserved parameter of the wrong type',
    bytesOf('x', { parameters: new Map([[emptyFinalResponseKey, 1]]) }),
    'x',
    /^invalid value type for 'triton_enable_empty_final_response' parameter, expected bool_param\.$/,
  ],
  [
    'an unknown datatype',
    messageType('inference.ModelInferRequest')
      .encode({ model_name: 'simple', id: 'x', inputs: [{ name: 'i', datatype: 'FP8', shape: [1] }] })
      .finish(),
    'x',
    /data-type is 'FP8'/,
  ],
  ['bytes that are no message', Uint8Array.of(255), '', /^cannot decode ModelInferRequest/],
];

for (const [title, request, id, text] of failures) {
  test(`ModelStreamInfer tells of ${title} in its answer and goes on`, async (t) => {
    await using fixture = await serve();
    const stream = openStream(fixture.client);
    stream.call.write(request);
    stream.call.write(bytesOf('next'));
    const [failed, next] = await stream.received(2);
    t.regex(failed?.errorMessage ?? '', text);
    t.is(failed?.response.id, id);
    t.is(failed?.response.parameters.get(finalResponseKey), true);
    t.deepEqual(failed?.response.outputs, []);
    t.is(next?.errorMessage, '');
    t.is(next?.response.id, 'next');
    stream.call.end();
    t.is((await stream.ended).code, status.OK);
    t.deepEqual(fixture.logged, []);
  });
}

test('ModelStreamInfer tells of a bug as an internal error, and the log has its stack', async (t) => {
  await using fixture = await serve();
  const stream = openStream(fixture.client);
  const input = {
    name: 'INPUT0',
    datatype: 'FP32',
    shape: [1],
    data: new Uint8Array(4),
    parameters: noParameters,
  } as const;
  stream.call.write(bytesOf('x', { modelName: 'broken', inputs: [input] }));
  const [failed] = await stream.received(1);
  t.regex(failed?.errorMessage ?? '', /^internal error: cannot read properties/);
  t.is(fixture.logged.length, 1);
  stream.call.end();
  await stream.ended;
});

for (const value of [true, false]) {
  test(`ModelStreamInfer takes ${emptyFinalResponseKey} ${value}, and the model does not see it`, async (t) => {
    await using fixture = await serve();
    const { infer } = fixture.service;
    const seen: unknown[] = [];
    fixture.service.infer = (request, signal) => {
      seen.push([...request.parameters]);
      return infer(request, signal);
    };
    const stream = openStream(fixture.client);
    const parameters = new Map<string, boolean | number>([
      [emptyFinalResponseKey, value],
      ['own', 1],
    ]);
    stream.call.write(bytesOf('x', { parameters }));
    const [answer] = await stream.received(1);
    t.is(answer?.response.parameters.get(finalResponseKey), true);
    t.deepEqual(seen, [[['own', 1]]]);
    stream.call.end();
    await stream.ended;
    t.is(stream.responses.length, 1);
  });
}

/** Resolves with the ids of so many inferences that were aborted. */
function aborted(service: InMemoryService, count: number, onBegun: () => void = () => undefined): Promise<string[]> {
  const { infer } = service;
  const ended: string[] = [];
  let begun = 0;
  return new Promise((resolve) => {
    service.infer = (request, signal) => {
      signal?.addEventListener('abort', () => {
        ended.push(request.id);
        if (ended.length === count) resolve(ended);
      });
      begun++;
      if (begun === count) onBegun();
      return infer(request, signal);
    };
  });
}

const stuck = (id: string): Uint8Array => {
  const input = {
    name: 'INPUT0',
    datatype: 'FP32',
    shape: [1],
    data: new Uint8Array(4),
    parameters: noParameters,
  } as const;
  return bytesOf(id, { modelName: 'stuck', inputs: [input] });
};

test('ModelStreamInfer aborts all that is in flight when the client cancels', async (t) => {
  await using fixture = await serve();
  const stream = openStream(fixture.client);
  const ended = aborted(fixture.service, 2, () => stream.call.cancel());
  stream.call.write(stuck('a'));
  stream.call.write(stuck('b'));
  t.deepEqual((await ended).toSorted(), ['a', 'b']);
  t.is((await stream.ended).code, status.CANCELLED);
  t.is(stream.responses.length, 0);
});

test('ModelStreamInfer aborts what is in flight when the client goes away', async (t) => {
  await using fixture = await serve();
  const session = connect(`http://127.0.0.1:${fixture.endpoint.port}`);
  session.on('error', () => undefined);
  const ended = aborted(fixture.service, 1, () => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': streamPath, 'content-type': 'application/grpc' });
  stream.on('error', () => undefined);
  stream.write(framed(stuck('a')));
  t.deepEqual(await ended, ['a']);
});

test('ModelStreamInfer aborts what is in flight when the deadline passes', async (t) => {
  await using fixture = await serve();
  await new Promise<void>((resolve, reject) => {
    fixture.client.waitForReady(Number.POSITIVE_INFINITY, (error) => (error ? reject(error) : resolve()));
  });
  const ended = aborted(fixture.service, 1);
  const stream = openStream(fixture.client, { deadlineMs: 500 });
  stream.call.write(stuck('a'));
  t.is((await stream.ended).code, status.DEADLINE_EXCEEDED);
  t.deepEqual(await ended, ['a']);
});

test('ModelStreamInfer of a server that closes answers what is in flight and ends', async (t) => {
  await using fixture = await serve();
  const held = hold(fixture.service);
  const stream = openStream(fixture.client);
  stream.call.write(bytesOf('a'));
  await held.begun(1);
  const closed = fixture.endpoint.close(60_000);
  held.release('a');
  t.is((await stream.ended).code, status.UNAVAILABLE);
  t.deepEqual(ids(stream.responses), ['a']);
  t.is(stream.responses[0]?.errorMessage, '');
  await closed;
});

test('ModelStreamInfer refuses in its answers what comes while the server closes', async (t) => {
  const service = createInMemoryService();
  const held = hold(service);
  const told: string[] = [];
  const [open] = streamMethods(service, { log: () => undefined, forwardPattern: undefined }).values();
  const received = (bytes: Uint8Array) => ({ bytes: Buffer.from(bytes), isCompressed: false, room: undefined });
  await new Promise<void>((resolve) => {
    const receiver = open?.({
      signal: new AbortController().signal,
      metadata: new Map(),
      sent: () => undefined,
      send: (message) => {
        const { response, errorMessage } = decodeStreamResponse(message);
        told.push(`${response.id}: ${errorMessage}`);
      },
      end: ({ code, details }) => {
        told.push(`end: ${code} ${details}`);
        resolve();
      },
      release: ({ bytes }) => void bytes.fill(0),
    });
    receiver?.onMessage(received(bytesOf('a')));
    receiver?.onClose?.();
    receiver?.onMessage(received(bytesOf('b')));
    held.release('a');
  });
  t.deepEqual(told, ['a: ', 'b: Server exiting', 'end: 14 Server exiting']);
});

test('ModelStreamInfer that idles does not keep a server from closing', async (t) => {
  await using fixture = await serve();
  const stream = openStream(fixture.client);
  stream.call.write(bytesOf('a'));
  await stream.received(1);
  const before = performance.now();
  await fixture.endpoint.close(60_000);
  t.true(performance.now() - before < 30_000);
  t.is((await stream.ended).code, status.UNAVAILABLE);
});

test('ModelStreamInfer carries messages of 8 MiB, many at a time', async (t) => {
  await using fixture = await serve();
  const data = Buffer.alloc(8 * 1024 * 1024);
  for (let offset = 0; offset < data.length; offset += 4)
    data.writeUInt32LE((offset * 2654435761) % 4294967296, offset);
  const stream = openStream(fixture.client);
  const inputs = [{ name: 'INPUT0', datatype: 'UINT8', shape: [data.length], data, parameters: noParameters } as const];
  for (let index = 0; index < 4; index++) stream.call.write(bytesOf(String(index), { inputs }));
  const responses = await stream.received(4);
  t.deepEqual(ids(responses), ['0', '1', '2', '3']);
  for (const { response } of responses) t.true(data.equals(response.outputs[0]?.data ?? Buffer.alloc(0)));
  stream.call.end();
  t.is((await stream.ended).code, status.OK);
});

test('ModelStreamInfer waits for a client that does not read, and loses nothing', async (t) => {
  await using fixture = await serve();
  const { infer } = fixture.service;
  let begun = 0;
  fixture.service.infer = (request, signal) => {
    begun++;
    return infer(request, signal);
  };
  const data = Buffer.alloc(1024 * 1024, 5);
  const inputs = [{ name: 'INPUT0', datatype: 'UINT8', shape: [data.length], data, parameters: noParameters } as const];
  const stream = openStream(fixture.client);
  stream.call.pause();
  for (let index = 0; index < 100; index++) stream.call.write(bytesOf(String(index), { inputs }));
  let seen = -1;
  while (seen !== begun || begun === 0) {
    seen = begun;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  t.true(begun < 100, `${begun} of 100 were begun while nobody read`);
  stream.call.resume();
  stream.call.end();
  t.is((await stream.ended).code, status.OK);
  t.deepEqual(
    ids(stream.responses),
    Array.from({ length: 100 }, (_, index) => String(index)),
  );
});
