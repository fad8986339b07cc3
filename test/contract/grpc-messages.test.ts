import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import test from 'ava';
import { messageType } from '../../src/protocol/schema.js';
import { startServer } from '../../src/server/start-server.js';
import { openStream } from '../server/grpc/stream-client.js';
import { createInMemoryService } from './in-memory-service.js';

/** What of a request differs from a right one to `simple`. */
type Change = Readonly<Record<string, unknown>>;

const row = (value: number): Buffer => Buffer.from(new Int32Array(16).fill(value).buffer);
const input = (name: string, more: Change = {}) => ({ name, datatype: 'INT32', shape: [1, 16], ...more });
const typed = (count: number) => ({ contents: { int_contents: new Array(count).fill(1) } });
const inputs = (...given: object[]): Change => ({ inputs: given, raw_input_contents: [] });
const withParameter = (name: string, value: object): Change => ({ parameters: { [name]: value } });
const withOutput = (parameters: object): Change => ({ outputs: [{ name: 'OUTPUT0', parameters }] });
const region = (more: object) => withOutput({ shared_memory_region: { string_param: 'r' }, ...more });

const bytesOf = (change: Change): Buffer => {
  const type = messageType('inference.ModelInferRequest');
  const right = {
    model_name: 'simple',
    id: 'mine',
    inputs: [input('INPUT0'), input('INPUT1')],
    raw_input_contents: [row(3), row(2)],
  };
  return Buffer.from(type.encode(type.fromObject({ ...right, ...change })).finish());
};

const { INVALID_ARGUMENT: invalid, NOT_FOUND: notFound } = status;

/** Sections 1.3 and 6.2 of the protocol: what only a gRPC message can say. */
const refusals: readonly (readonly [title: string, change: Change, code: number, text: RegExp])[] = [
  // The model comes first: without it nothing can be said about tensors.
  [
    'an unknown model without data',
    { model_name: 'x', raw_input_contents: [] },
    notFound,
    /^Request for unknown model/,
  ],
  [
    'an unknown version, typed contents',
    { model_version: '9', ...inputs(input('A', typed(1))) },
    notFound,
    /version 9/,
  ],
  [
    'an unknown model, a datatype there is not',
    { model_name: 'x', inputs: [input('A', { datatype: 'X' })] },
    notFound,
    /x/,
  ],
  [
    'a version that is no number, no data',
    { model_version: 'v', raw_input_contents: [] },
    invalid,
    /version string 'v'/,
  ],
  ['a datatype there is not', { inputs: [input('INPUT0', { datatype: 'X' })] }, invalid, /'INPUT0' data-type is 'X'/],
  [
    'too few elements',
    inputs(input('INPUT0', typed(15)), input('INPUT1', typed(16))),
    invalid,
    /^\[request id: mine\] input byte size mismatch for input 'INPUT0' for model 'simple'. Expected 64, got 60$/,
  ],
  [
    'too many elements',
    inputs(input('INPUT0', typed(16)), input('INPUT1', typed(17))),
    invalid,
    /^\[request id: mine\] input byte size mismatch for input 'INPUT1' for model 'simple'. Expected 64, got 68$/,
  ],
  [
    'too few strings',
    {
      model_name: 'identity_bytes',
      ...inputs(input('INPUT0', { datatype: 'BYTES', shape: [2], contents: { bytes_contents: [Buffer.from('a')] } })),
    },
    invalid,
    /number of string elements/,
  ],
  [
    'raw and typed contents',
    { inputs: [input('INPUT0', typed(16)), input('INPUT1')] },
    invalid,
    /^contents field must/,
  ],
  [
    'neither',
    inputs(input('INPUT0', typed(16)), input('INPUT1')),
    invalid,
    /^unable to find data for input tensor 'INPUT1'/,
  ],
  ...(
    [
      ['sequence_id', { double_param: 1 }, 'int64_param or string_param'],
      ['sequence_id', { uint64_param: 1 }, 'int64_param or string_param'],
      ['sequence_start', { int64_param: 1 }, 'bool_param'],
      ['sequence_end', { string_param: 'true' }, 'bool_param'],
      ['priority', { double_param: 1 }, 'int64_param or uint64_param'],
      ['timeout', { double_param: 1 }, 'int64_param'],
      ['timeout', { string_param: '1' }, 'int64_param'],
    ] as const
  ).map(
    ([name, value, expected]) =>
      [
        `${name} as ${Object.keys(value)}`,
        withParameter(name, value),
        invalid,
        new RegExp(`^invalid value type for '${name}' parameter, expected ${expected}\\.$`),
      ] as const,
  ),
  [
    'classification as double_param',
    withOutput({ classification: { double_param: 1 } }),
    invalid,
    /'classification'.*int64_param\.$/,
  ],
  [
    'classification as uint64_param',
    withOutput({ classification: { uint64_param: 1 } }),
    invalid,
    /'classification'.*int64_param\.$/,
  ],
  [
    'a region as int64_param',
    withOutput({ shared_memory_region: { int64_param: 1 } }),
    invalid,
    /'shared_memory_region'.*string_param\.$/,
  ],
  [
    'a size as string_param',
    region({ shared_memory_byte_size: { string_param: '1' } }),
    invalid,
    /'shared_memory_byte_size'.*int64_param\.$/,
  ],
  [
    'an offset as double_param',
    region({ shared_memory_offset: { double_param: 1 } }),
    invalid,
    /'shared_memory_offset'.*int64_param\.$/,
  ],
];

interface Asker extends AsyncDisposable {
  readonly client: Client;
  /** The status of a unary call. */
  ask(rpc: string, bytes: Buffer): Promise<Partial<ServiceError>>;
}

/** A client of the in-memory service. */
async function connect(log: (line: string) => void): Promise<Asker> {
  const options = { grpcPort: 0, allowHttp: false, allowMetrics: false, log };
  const server = await startServer(createInMemoryService(), options);
  const client = new Client(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  const asIs = (bytes: Buffer) => bytes;
  return {
    client,
    ask: (rpc, bytes) =>
      new Promise((resolve) => {
        const path = `/inference.GRPCInferenceService/${rpc}`;
        client.makeUnaryRequest(path, asIs, asIs, bytes, (error) => resolve(error ?? { code: status.OK }));
      }),
    [Symbol.asyncDispose]: async () => {
      client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('ModelInfer and ModelStreamInfer refuse what a message cannot say, in the order and words of the protocol', async (t) => {
  await using server = await connect((line) => t.log(line));
  t.deepEqual(await server.ask('ModelInfer', bytesOf({})), { code: status.OK });
  const stream = openStream(server.client);
  for (const [index, [title, change, code, text]] of refusals.entries()) {
    const bytes = bytesOf(change);
    const answer = await server.ask('ModelInfer', bytes);
    t.is(answer.code, code, title);
    t.regex(answer.details ?? '', text, title);
    stream.call.write(bytes);
    const streamed = (await stream.received(index + 1))[index];
    t.is(streamed?.errorMessage, answer.details, title);
  }
  stream.call.end();
  t.is((await stream.ended).code, status.OK);
});

test('RepositoryModelUnload refuses an option of another type', async (t) => {
  await using server = await connect((line) => t.log(line));
  const type = messageType('inference.RepositoryModelUnloadRequest');
  const request = { model_name: 'simple', parameters: { unload_dependents: { int64_param: 1 } } };
  const bytes = Buffer.from(type.encode(type.fromObject(request)).finish());
  t.like(await server.ask('RepositoryModelUnload', bytes), {
    code: invalid,
    details: "invalid value type for 'unload_dependents' parameter, expected bool_param.",
  });
});
