import { Client, credentials } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { messageType, schema, serviceOf } from '../../../src/protocol/schema.js';
import { startGrpcServer } from '../../../src/server/grpc/grpc-server.js';
import { createInMemoryService } from '../../contract/in-memory-service.js';

interface Answer {
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Uint8Array[] };
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly all_extension_numbers_response?: object;
  readonly error_response?: { readonly error_code: number; readonly error_message: string };
  readonly original_request: object;
}

/** Asks everything on one stream, as clients do. */
async function ask(version: string, questions: readonly object[]): Promise<readonly Answer[]> {
  const endpoint = await startGrpcServer(createInMemoryService(), { host: '127.0.0.1', port: 0, log: () => undefined });
  const client = new Client(`127.0.0.1:${endpoint.port}`, credentials.createInsecure());
  const type = messageType(`grpc.reflection.${version}.ServerReflectionResponse`);
  const requestType = messageType(`grpc.reflection.${version}.ServerReflectionRequest`);
  const call = client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (question: object) => Buffer.from(requestType.encode(requestType.fromObject(question)).finish()),
    (bytes: Buffer) => type.toObject(type.decode(bytes)) as Answer,
  );
  for (const question of questions) call.write(question);
  call.end();
  const answers: Answer[] = [];
  for await (const answer of call) answers.push(answer);
  client.close();
  await endpoint.close(0);
  return answers;
}

function schemaFrom(t: ExecutionContext, { file_descriptor_response: files }: Answer): protobuf.Root {
  t.truthy(files);
  const file = (files?.file_descriptor_proto ?? []).map((bytes) => descriptor.FileDescriptorProto.decode(bytes));
  const set = descriptor.FileDescriptorSet.encode(descriptor.FileDescriptorSet.fromObject({ file })).finish();
  const root = protobuf.Root.fromDescriptor(set, { keepCase: true });
  root.resolveAll();
  return root;
}

for (const version of ['v1', 'v1alpha']) {
  test(`reflection ${version} lists the services`, async (t) => {
    const [answer] = await ask(version, [{ list_services: '*' }]);
    const names = answer?.list_services_response?.service.map(({ name }) => name);
    t.deepEqual(names, [
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'inference.GRPCInferenceService',
    ]);
  });

  test(`reflection ${version} describes every service`, async (t) => {
    const names = [
      'grpc.health.v1.Health',
      `grpc.reflection.${version}.ServerReflection`,
      'inference.GRPCInferenceService',
    ];
    const answers = await ask(
      version,
      names.map((file_containing_symbol) => ({ file_containing_symbol })),
    );
    for (const [index, name] of names.entries()) {
      const answer = answers[index];
      if (answer === undefined) return t.fail(name);
      const described = schemaFrom(t, answer).lookupService(name);
      const facts = (service: protobuf.Service) =>
        service.methodsArray.map((method) => [
          method.name,
          method.resolvedRequestType?.fullName,
          method.resolvedResponseType?.fullName,
          method.requestStream === true,
          method.responseStream === true,
        ]);
      t.deepEqual(facts(described), facts(serviceOf(name)));
      t.deepEqual(answer.original_request, { file_containing_symbol: name });
    }
  });
}

test('what reflection describes encodes as our own messages do', async (t) => {
  const [answer] = await ask('v1', [{ file_containing_symbol: 'inference.ModelInferRequest' }]);
  if (answer === undefined) return t.fail();
  const described = schemaFrom(t, answer);
  const request = {
    model_name: 'simple',
    parameters: { priority: { uint64_param: 3 }, a: { string_param: 'x' } },
    inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: [1, 2], contents: { int_contents: [1, 2] } }],
    raw_input_contents: [Buffer.from([1, 2])],
  };
  const config = {
    name: 'm',
    dynamic_batching: { priority_queue_policy: { 1: { max_queue_size: 3 } } },
    input: [{ dims: [2] }],
  };
  const bytes = (root: protobuf.Root, name: string, message: object) => {
    const type = root.lookupType(name);
    return Buffer.from(type.encode(type.fromObject(message)).finish());
  };
  for (const [name, message] of [
    ['inference.ModelInferRequest', request],
    ['inference.ModelConfig', config],
  ] as const) {
    t.deepEqual(bytes(described, name, message), bytes(schema, name, message));
  }
});

test('reflection names map entries as the compiler of protobuf does', async (t) => {
  const [answer] = await ask('v1', [{ file_by_filename: 'model_config.proto' }]);
  const [file] = answer?.file_descriptor_response?.file_descriptor_proto ?? [];
  const text = Buffer.from(file ?? []).toString('latin1');
  t.regex(text, /\.inference\.ModelDynamicBatching\.PriorityQueuePolicyEntry/);
});

const symbols: readonly [symbol: string, isKnown: boolean][] = [
  ['inference.GRPCInferenceService.ModelInfer', true],
  ['inference.ModelInferRequest.InferInputTensor', true],
  ['inference.DataType', true],
  ['inference.Nothing', false],
  ['', false],
  ['constructor', false],
  ['__proto__', false],
];

for (const [symbol, isKnown] of symbols) {
  test(`reflection ${isKnown ? 'finds' : 'does not find'} '${symbol}'`, async (t) => {
    const [answer] = await ask('v1', [{ file_containing_symbol: symbol }]);
    t.is(answer?.file_descriptor_response !== undefined, isKnown);
    t.is(answer?.error_response?.error_code, isKnown ? undefined : 5);
  });
}

test('reflection answers questions about extensions, of which there are none', async (t) => {
  const answers = await ask('v1alpha', [
    { all_extension_numbers_of_type: 'inference.ModelConfig' },
    { all_extension_numbers_of_type: 'nothing' },
    { file_containing_extension: { containing_type: 'inference.ModelConfig', extension_number: 1 } },
    { file_by_filename: '../package.json' },
    {},
  ]);
  t.deepEqual(answers[0]?.all_extension_numbers_response, { base_type_name: 'inference.ModelConfig' });
  t.deepEqual(
    answers.slice(1).map((answer) => answer.error_response?.error_code),
    [5, 5, 5, 3],
  );
});
