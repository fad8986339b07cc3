import test from 'ava';
import { createGrpcClient } from '../../../src/client/grpc-client.js';
import { createHttpClient } from '../../../src/client/http-client.js';
import { type V2Client, V2Error } from '../../../src/client/v2-client.js';
import { type InferRequest, noParameters, type Parameters } from '../../../src/protocol/infer.js';
import { startServer } from '../../../src/server/start-server.js';
import { sharedMemoryObject } from '../../helpers/shared-memory-object.js';
import { liveService } from '../live-service.js';
import { addSubOnnx } from '../tiny-onnx.js';

const files = {
  'simple/1/model.onnx': addSubOnnx(),
  'simple/config.pbtxt': 'backend: "onnxruntime" max_batch_size: 8',
};

/** One core for all tests, which follow each other. */
const allowing = liveService(files, { allowClientShm: true });
const refusing = liveService(files, { allowClientShm: false });
test.after.always(async () => {
  for (const live of await Promise.all([allowing, refusing])) await live[Symbol.asyncDispose]();
});

async function setUp(protocol: 'http' | 'grpc', allowClientShm = true) {
  const live = await (allowClientShm ? allowing : refusing);
  const server = await startServer(live.service, { httpPort: 0, grpcPort: 0, metricsPort: 0, log: () => undefined });
  const origin = `http://127.0.0.1:${server.ports.http}`;
  const client: V2Client =
    protocol === 'http'
      ? createHttpClient({ origin })
      : createGrpcClient({ address: `127.0.0.1:${server.ports.grpc}` });
  const status = async () => (await (await fetch(`${origin}/v2/systemsharedmemory/status`)).json()) as unknown;
  return {
    client,
    origin,
    status,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      if (allowClientShm) live.service.sharedMemory.unregisterSystem('');
    },
  };
}

const region = (name: string, offset: number, byteSize: number): Parameters =>
  new Map<string, string | number>([
    ['shared_memory_region', name],
    ['shared_memory_offset', offset],
    ['shared_memory_byte_size', byteSize],
  ]);

interface Changes {
  readonly input?: Parameters;
  readonly output?: Parameters;
}

/** INPUT0 in shared memory, INPUT1 in the request, OUTPUT0 into shared memory, OUTPUT1 into the answer. */
function request(changes: Changes = {}): InferRequest {
  const shared = { name: 'INPUT0', datatype: 'INT32', shape: [1, 16], data: new Uint8Array(0) } as const;
  const inline = { ...shared, name: 'INPUT1', data: new Uint8Array(Int32Array.from({ length: 16 }, () => 1).buffer) };
  return {
    modelName: 'simple',
    modelVersion: '',
    id: '',
    parameters: noParameters,
    inputs: [
      { ...shared, parameters: changes.input ?? region('in', 64, 64) },
      { ...inline, parameters: noParameters },
    ],
    outputs: [
      { name: 'OUTPUT0', parameters: changes.output ?? region('out', 32, 64) },
      { name: 'OUTPUT1', parameters: noParameters },
    ],
  };
}

const counting = Int32Array.from({ length: 16 }, (_, index) => index);

function objects() {
  const input = sharedMemoryObject(Buffer.concat([Buffer.alloc(64), Buffer.from(counting.buffer)]));
  const output = sharedMemoryObject(Buffer.alloc(128));
  return {
    input,
    output,
    register: async (client: V2Client) => {
      await client.registerSystemSharedMemory({ name: 'in', key: input.key, byteSize: 128 });
      await client.registerSystemSharedMemory({ name: 'out', key: output.key, byteSize: 128 });
    },
    [Symbol.dispose]: () => {
      input[Symbol.dispose]();
      output[Symbol.dispose]();
    },
  };
}

const int32 = (bytes: Buffer): number[] => [...new Int32Array(Uint8Array.from(bytes).buffer)];

for (const protocol of ['http', 'grpc'] as const) {
  test.serial(`shared memory over ${protocol}: inputs are read from it, outputs written to it`, async (t) => {
    await using server = await setUp(protocol);
    using memory = objects();
    await memory.register(server.client);
    const { outputs } = await server.client.infer(request());
    t.deepEqual(
      outputs.map(({ name, shape, data, parameters }) => [name, shape, data.length, parameters.size]),
      [
        ['OUTPUT0', [1, 16], 0, 0],
        ['OUTPUT1', [1, 16], 64, 0],
      ],
    );
    t.deepEqual(int32(memory.output.content()), [
      ...Array(8).fill(0),
      ...counting.map((value) => value + 1),
      ...Array(8).fill(0),
    ]);
    t.deepEqual(int32(Buffer.from(outputs[1]?.data ?? [])), [...counting.map((value) => value - 1)]);
  });

  test.serial(`shared memory over ${protocol}: status and unregistration`, async (t) => {
    await using server = await setUp(protocol);
    using memory = objects();
    await memory.register(server.client);
    t.deepEqual(await server.status(), [
      { name: 'in', key: memory.input.key, offset: 0, byte_size: 128 },
      { name: 'out', key: memory.output.key, offset: 0, byte_size: 128 },
    ]);
    t.true((await server.client.serverMetadata()).extensions.includes('system_shared_memory'));
    await server.client.unregisterSystemSharedMemory('in');
    const error = await t.throwsAsync(server.client.infer(request()), { instanceOf: V2Error });
    t.regex(error.message, /Unable to find shared memory region: 'in'/);
    t.is(error.code, protocol === 'http' ? 'http 404' : 'grpc 5');
  });

  const refusals: readonly (readonly [string, Changes, RegExp, V2Error['code'], V2Error['code']])[] = [
    [
      'an input of the wrong size',
      { input: region('in', 0, 60) },
      /input byte size mismatch for input 'INPUT0'.*Expected 64, got 60/,
      'http 400',
      'grpc 3',
    ],
    [
      'an input beyond its region',
      { input: region('in', 100, 64) },
      /Invalid offset \+ byte size for shared memory region: 'in'/,
      'http 400',
      'grpc 3',
    ],
    [
      'room that is too small',
      { output: region('out', 0, 63) },
      /for output 'OUTPUT0' \(63 bytes\) should be at least 64 bytes to hold the results/,
      'http 500',
      'grpc 13',
    ],
    [
      'an output region that is not there',
      { output: region('x', 0, 64) },
      /Unable to find shared memory region: 'x'/,
      'http 404',
      'grpc 5',
    ],
    [
      'classification into shared memory',
      { output: new Map([...region('out', 0, 64), ['classification', 1]]) },
      /only one of the following parameters/,
      'http 400',
      'grpc 3',
    ],
    [
      'a region without a size',
      { input: new Map([['shared_memory_region', 'in']]) },
      /'shared_memory_byte_size' of input 'INPUT0' must be a number of bytes, got nothing/,
      'http 400',
      'grpc 3',
    ],
  ];
  for (const [what, changes, message, http, grpc] of refusals) {
    test.serial(`shared memory over ${protocol} refuses ${what}`, async (t) => {
      await using server = await setUp(protocol);
      using memory = objects();
      await memory.register(server.client);
      const error = await t.throwsAsync(server.client.infer(request(changes)), { instanceOf: V2Error, message });
      t.is(error.code, protocol === 'http' ? http : grpc);
    });
  }

  test.serial(`shared memory over ${protocol} is refused unless the server allows it`, async (t) => {
    await using server = await setUp(protocol, false);
    const attempts = [
      () => server.client.registerSystemSharedMemory({ name: 'r', key: '/r', byteSize: 1 }),
      () => server.client.unregisterSystemSharedMemory('r'),
      () => server.client.infer(request()),
    ];
    for (const attempt of attempts) {
      const error = await t.throwsAsync(attempt(), {
        instanceOf: V2Error,
        message: /Client shared memory is disabled/,
      });
      t.is(error.code, protocol === 'http' ? 'http 501' : 'grpc 12');
    }
    t.false((await server.client.serverMetadata()).extensions.includes('system_shared_memory'));
  });
}

const calls: readonly (readonly [string, string | undefined, number, RegExp])[] = [
  ['/v2/systemsharedmemory/region/r/register', '{}', 400, /region 'r' register request has no 'key' field/],
  ['/v2/systemsharedmemory/region/r/register', '{"key":"/x"}', 400, /has no 'byte_size' field/],
  [
    '/v2/systemsharedmemory/region/r/register',
    '{"key":"/x","byte_size":"1"}',
    400,
    /'byte_size' of shared memory region 'r' must be a number of bytes/,
  ],
  [
    '/v2/systemsharedmemory/region/r/register',
    '{"key":"/../etc/passwd","byte_size":1}',
    400,
    /Unable to open shared memory region: '\/..\/etc\/passwd'/,
  ],
  ['/v2/systemsharedmemory/region/r/status', undefined, 404, /Unable to find system shared memory region: 'r'/],
  ['/v2/systemsharedmemory/unregister', '', 200, /^$/],
  ['/v2/cudasharedmemory/status', undefined, 200, /^\[\]$/],
  [
    '/v2/cudasharedmemory/region/r/register',
    '{}',
    400,
    /failed to register CUDA shared memory region: 'r', GPUs not supported/,
  ],
  ['/v2/cudasharedmemory/unregister', '', 200, /^$/],
];
for (const [path, body, status, text] of calls) {
  test.serial(`HTTP ${path} ${body ?? ''}`, async (t) => {
    await using server = await setUp('http');
    const answer = await fetch(`${server.origin}${path}`, body === undefined ? {} : { method: 'POST', body });
    t.is(answer.status, status);
    t.regex(await answer.text(), text);
  });
}
