import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import test from 'ava';
import { encodeModelInferRequest } from '../../../src/protocol/grpc-infer.js';
import { noParameters } from '../../../src/protocol/infer.js';
import { messageType, serviceOf } from '../../../src/protocol/schema.js';
import type { Endpoint } from '../../../src/server/endpoint.js';
import { startGrpcServer } from '../../../src/server/grpc/grpc-server.js';
import { createInMemoryService, type InMemoryService } from '../../contract/in-memory-service.js';

interface Fixture extends AsyncDisposable {
  readonly client: Client;
  readonly service: InMemoryService;
  readonly endpoint: Endpoint;
  readonly logged: string[];
}

async function serve(): Promise<Fixture> {
  const service = createInMemoryService();
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  const endpoint = await startGrpcServer(service, { host: '127.0.0.1', port: 0, log });
  const client = new Client(`127.0.0.1:${endpoint.port}`, credentials.createInsecure());
  const dispose = async () => {
    client.close();
    await endpoint.close(0);
  };
  return { client, service, endpoint, logged, [Symbol.asyncDispose]: dispose };
}

const asIs = (bytes: Buffer): Buffer => bytes;

interface CallOptions {
  readonly deadlineMs?: number;
  readonly onCall?: (cancel: () => void) => void;
}

/** The reply's bytes, or the status that came instead. */
function ask(client: Client, path: string, request: Uint8Array, { deadlineMs, onCall }: CallOptions = {}) {
  return new Promise<{ readonly code: number; readonly details: string; readonly bytes: Buffer }>((resolve) => {
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const onReply = (error: ServiceError | null, bytes: Buffer = Buffer.alloc(0)) =>
      resolve({ code: error?.code ?? status.OK, details: error?.details ?? '', bytes });
    const call = client.makeUnaryRequest(path, asIs, asIs, Buffer.from(request), new Metadata(), options, onReply);
    onCall?.(() => call.cancel());
  });
}

const rpc = (name: string): string => `/inference.GRPCInferenceService/${name}`;

function messageOf(name: string, message: object): Uint8Array {
  const type = messageType(name);
  return type.encode(type.fromObject(message)).finish();
}

const stuckRequest = encodeModelInferRequest({
  modelName: 'stuck',
  modelVersion: '',
  id: 'mine',
  parameters: noParameters,
  inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1], data: new Uint8Array(4), parameters: noParameters }],
  outputs: [],
});

const notHere = /^(SystemSharedMemory|CudaSharedMemory)/;

for (const { name } of serviceOf('inference.GRPCInferenceService').methodsArray.filter(
  (method) => !method.requestStream,
)) {
  test(`startGrpcServer answers ${name}`, async (t) => {
    await using fixture = await serve();
    const { fields } = messageType(`inference.${name}Request`);
    const members = Object.keys(fields).filter((field) => field === 'name' || field === 'model_name');
    const request = Object.fromEntries(members.map((field) => [field, 'simple']));
    const { code, details } = await ask(fixture.client, rpc(name), messageOf(`inference.${name}Request`, request));
    const inputsOrNone = name === 'ModelInfer' ? status.INVALID_ARGUMENT : status.OK;
    t.is(code, notHere.test(name) ? status.UNIMPLEMENTED : inputsOrNone, details);
    t.is(/does not support|shared memory is disabled/.test(details), notHere.test(name), details);
    t.deepEqual(fixture.logged, []);
  });
}

test('startGrpcServer answers the gRPC health service from readiness', async (t) => {
  await using fixture = await serve();
  const check = async () => {
    const { bytes } = await ask(fixture.client, '/grpc.health.v1.Health/Check', new Uint8Array(0));
    return messageType('grpc.health.v1.HealthCheckResponse').toObject(
      messageType('grpc.health.v1.HealthCheckResponse').decode(bytes),
      { enums: String },
    )['status'];
  };
  t.is(await check(), 'SERVING');
  fixture.service.health.ready = false;
  t.is(await check(), 'NOT_SERVING');
});

const statuses: readonly [title: string, path: string, request: Uint8Array, code: number, details: RegExp][] = [
  ['an unknown method', rpc('Nothing'), new Uint8Array(0), status.UNIMPLEMENTED, /./],
  [
    'bytes that are no message',
    rpc('ModelInfer'),
    Uint8Array.of(255),
    status.INVALID_ARGUMENT,
    /^cannot decode ModelInferRequest/,
  ],
  [
    'bytes that are no control message',
    rpc('ModelReady'),
    Uint8Array.of(10, 200),
    status.INVALID_ARGUMENT,
    /^cannot decode ModelReadyRequest/,
  ],
  [
    'a version that is no number',
    rpc('ModelReady'),
    messageOf('inference.ModelReadyRequest', { name: 'simple', version: 'x' }),
    status.INVALID_ARGUMENT,
    /^failed to get model version from specified version string 'x'.*version should be an integral value > 0$/,
  ],
  [
    'a negative version',
    rpc('ModelInfer'),
    messageOf('inference.ModelInferRequest', { model_name: 'simple', model_version: '-3' }),
    status.INVALID_ARGUMENT,
    /^invalid model version specified '-3'.*version should be an integral value > 0$/,
  ],
  [
    'a repository by name',
    rpc('RepositoryModelLoad'),
    messageOf('inference.RepositoryModelLoadRequest', { repository_name: 'x', model_name: 'simple' }),
    status.UNIMPLEMENTED,
    /^'repository_name' specification is not supported$/,
  ],
  [
    'an error text that is cut within a character',
    rpc('ModelReady'),
    messageOf('inference.ModelReadyRequest', { name: `x${'\u{1f600}'.repeat(5_000)}` }),
    status.NOT_FOUND,
    /^Request for unknown model: 'x[^.]+\.\.\.$/,
  ],
  [
    'an error text that is too long for a trailer',
    rpc('ModelReady'),
    messageOf('inference.ModelReadyRequest', { name: 'n'.repeat(100_000) }),
    status.NOT_FOUND,
    /^Request for unknown model: 'n+\.\.\.$/,
  ],
];

for (const [title, path, request, code, details] of statuses) {
  test(`startGrpcServer refuses ${title}`, async (t) => {
    await using fixture = await serve();
    const reply = await ask(fixture.client, path, request);
    t.is(reply.code, code, reply.details);
    t.regex(reply.details, details);
    t.deepEqual(fixture.logged, []);
  });
}

/** Resolves with the id of the inference that was aborted. */
function abortedId(service: InMemoryService, onBegun: () => void = () => undefined): Promise<string> {
  const { infer } = service;
  return new Promise((resolve) => {
    service.infer = (request, signal) => {
      signal?.addEventListener('abort', () => resolve(request.id));
      onBegun();
      return infer(request, signal);
    };
  });
}

test('startGrpcServer aborts the inference when the client cancels', async (t) => {
  await using fixture = await serve();
  let cancel: () => void = () => undefined;
  const aborted = abortedId(fixture.service, () => cancel());
  const onCall = (end: () => void) => {
    cancel = end;
  };
  const reply = await ask(fixture.client, rpc('ModelInfer'), stuckRequest, { onCall });
  t.is(reply.code, status.CANCELLED);
  t.is(await aborted, 'mine');
});

test('startGrpcServer aborts the inference when the deadline passes', async (t) => {
  await using fixture = await serve();
  const aborted = abortedId(fixture.service);
  await new Promise<void>((resolve, reject) => {
    fixture.client.waitForReady(Number.POSITIVE_INFINITY, (error) => (error ? reject(error) : resolve()));
  });
  const reply = await ask(fixture.client, rpc('ModelInfer'), stuckRequest, { deadlineMs: 200 });
  t.is(reply.code, status.DEADLINE_EXCEEDED);
  t.is(await aborted, 'mine');
});

test('startGrpcServer finishes what is in flight while it closes', async (t) => {
  await using fixture = await serve();
  const closing: Promise<void>[] = [];
  const { loadModel } = fixture.service;
  fixture.service.loadModel = async (name, parameters) => {
    closing.push(fixture.endpoint.close(20_000));
    await loadModel(name, parameters);
  };
  const request = messageOf('inference.RepositoryModelLoadRequest', { model_name: 'asleep' });
  t.is((await ask(fixture.client, rpc('RepositoryModelLoad'), request)).code, status.OK);
  await Promise.all(closing);
  t.is((await ask(fixture.client, rpc('ServerLive'), new Uint8Array(0))).code, status.UNAVAILABLE);
});
