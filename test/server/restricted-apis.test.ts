import { Client, credentials, Metadata, type StatusObject } from '@grpc/grpc-js';
import test from 'ava';
import { messageType, serviceOf } from '../../src/protocol/schema.js';
import { apiOfMethod } from '../../src/server/grpc/api-of-method.js';
import { apiOfRoute } from '../../src/server/http/api-of-route.js';
import { routes } from '../../src/server/http/routes.js';
import { type Restrictions, restrictedApis } from '../../src/server/restricted-apis.js';
import { startServer } from '../../src/server/start-server.js';
import { createInMemoryService } from '../contract/in-memory-service.js';

const groups = (names: readonly string[], groupOf: (name: string) => string) =>
  Object.fromEntries(restrictedApis.map((api) => [api, names.filter((name) => groupOf(name) === api).length]));

test('every route belongs to an API that can be restricted', (t) => {
  const patterns = [...new Set(routes.map(({ pattern }) => pattern))];
  t.deepEqual(groups(patterns, apiOfRoute), {
    health: 4,
    metadata: 3,
    inference: 6,
    'shared-memory': 12,
    'model-config': 2,
    'model-repository': 6,
    statistics: 3,
    trace: 2,
    logging: 1,
  });
});

test('every gRPC method belongs to an API that can be restricted', (t) => {
  const methods = serviceOf('inference.GRPCInferenceService').methodsArray.map(({ name }) => name);
  const paths = methods.map((name) => `/inference.GRPCInferenceService/${name}`);
  t.deepEqual(groups([...paths, '/grpc.health.v1.Health/Check'], apiOfMethod), {
    health: 4,
    metadata: 2,
    inference: 2,
    'shared-memory': 6,
    'model-config': 1,
    'model-repository': 3,
    statistics: 1,
    trace: 1,
    logging: 1,
  });
});

const restrictions = (name: string): Restrictions =>
  new Map([
    ['metadata', { name, value: 'open sesame' }],
    ['inference', { name, value: 'open sesame' }],
  ]);

test('HTTP serves restricted APIs only with the header, and the others without', async (t) => {
  const service = createInMemoryService();
  await using server = await startServer(service, {
    httpPort: 0,
    allowGrpc: false,
    allowMetrics: false,
    httpRestrictions: restrictions('Admin-Key'),
    log: () => undefined,
  });
  const ask = async (path: string, init: RequestInit = {}) => {
    const reply = await fetch(`http://127.0.0.1:${server.ports.http}${path}`, init);
    return `${reply.status} ${await reply.text()}`;
  };
  const refusal = `403 {"error":"This API is restricted, expecting header 'Admin-Key'"}`;
  t.is(await ask('/v2/health/ready'), '200 ');
  t.is(await ask('/v2'), refusal);
  t.is(await ask('/v2/models/simple', { headers: { 'admin-key': 'open' } }), refusal);
  t.is(await ask('/v2/models/simple/infer', { method: 'POST', body: '{}' }), refusal);
  t.regex(await ask('/v2', { headers: { 'admin-key': 'open sesame' } }), /^200 .*"triton"/);
  t.regex(await ask('/v2/models/simple/config'), /^200 /);
});

test('gRPC serves restricted protocols only with the header, and the others without', async (t) => {
  const service = createInMemoryService();
  await using server = await startServer(service, {
    grpcPort: 0,
    allowHttp: false,
    allowMetrics: false,
    grpcRestrictions: restrictions('triton-grpc-protocol-Key'),
    log: () => undefined,
  });
  const client = new Client(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  t.teardown(() => client.close());
  const ask = (rpc: string, value?: string) =>
    new Promise<string>((resolve) => {
      const metadata = new Metadata();
      if (value !== undefined) metadata.set('triton-grpc-protocol-key', value);
      const type = messageType('inference.ModelReadyRequest'); // has the members of the others too
      const bytes = Buffer.from(type.encode(type.fromObject({ name: 'simple' })).finish());
      const asIs = (message: Buffer) => message;
      client.makeUnaryRequest(`/inference.GRPCInferenceService/${rpc}`, asIs, asIs, bytes, metadata, (error) =>
        resolve(error === null ? 'OK' : `${error.code} ${error.details}`),
      );
    });
  const refusal = "14 This protocol is restricted, expecting header 'triton-grpc-protocol-Key'";
  t.is(await ask('ModelReady'), 'OK');
  t.is(await ask('ModelMetadata'), refusal);
  t.is(await ask('ModelMetadata', 'open'), refusal);
  t.is(await ask('ModelInfer'), refusal);
  t.is(await ask('ModelMetadata', 'open sesame'), 'OK');
  const reflection = (version: string, value: string) =>
    new Promise<string>((resolve) => {
      const metadata = new Metadata();
      metadata.set('triton-grpc-protocol-key', value);
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      const asIs = (message: Buffer) => message;
      const call = client.makeBidiStreamRequest(path, asIs, asIs, metadata);
      call.on('data', () => undefined).on('error', () => undefined);
      call.once('status', ({ code, details }: StatusObject) => resolve(`${code} ${details}`));
      call.end(Buffer.alloc(0));
    });
  for (const version of ['v1', 'v1alpha']) {
    t.is(await reflection(version, 'open'), refusal);
    t.is(await reflection(version, 'open sesame'), '0 ');
  }
});
