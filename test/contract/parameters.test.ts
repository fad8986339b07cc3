import { Client, credentials, Metadata } from '@grpc/grpc-js';
import test from 'ava';
import { encodeModelInferRequest } from '../../src/protocol/grpc-infer.js';
import { encodeInferRequest, headerLengthField } from '../../src/protocol/http-infer.js';
import { type InferRequest, noParameters, type Parameters } from '../../src/protocol/infer.js';
import { startServer } from '../../src/server/start-server.js';
import { simpleRequest } from '../server/live-service.js';
import { connectOverGrpc } from './grpc-client.js';
import { connectOverHttp } from './http-client.js';
import { createInMemoryService } from './in-memory-service.js';

const transports = [
  ['http', connectOverHttp],
  ['grpc', connectOverGrpc],
] as const;

const asking = (parameters: Parameters): InferRequest => ({ ...simpleRequest(1), parameters });

for (const [name, connect] of transports) {
  test(`${name} carries the parameters of the queue as they are`, async (t) => {
    const service = createInMemoryService();
    const arrived: Parameters[] = [];
    const { infer } = service;
    service.infer = (request, signal) => {
      arrived.push(request.parameters);
      return infer({ ...request, parameters: noParameters }, signal);
    };
    await using client = await connect(service, () => undefined);
    for (const form of client.forms) {
      const parameters: Parameters = new Map<string, number | string | boolean>([
        ['priority', 2],
        ['timeout', 5_000_000_000],
        ['flag', true],
        ['label', 'x'],
      ]);
      await client.infer(asking(parameters), form);
      const got = arrived.at(-1) ?? noParameters;
      t.deepEqual(
        [...parameters.keys()].map((key) => got.get(key)),
        [...parameters.values()],
        form,
      );
    }
  });
}

test('headers that match the pattern become parameters over HTTP and gRPC, and win over those of the request', async (t) => {
  const service = createInMemoryService();
  const arrived: Parameters[] = [];
  service.infer = async (request) => {
    arrived.push(request.parameters);
    return { ...request, modelVersion: '1', outputs: [] };
  };
  await using server = await startServer(service, {
    httpPort: 0,
    grpcPort: 0,
    allowMetrics: false,
    httpForwardPattern: /tenant|^x-user$/i,
    grpcForwardPattern: /tenant/,
    log: (line) => t.log(line),
  });
  const request = asking(
    new Map<string, string | number>([
      ['x-tenant', 'forged'],
      ['own', 1],
    ]),
  );
  const { body, headerLength } = encodeInferRequest(request);
  const given = { 'X-Tenant': 'a', 'x-user': 'b', 'x-users': 'c' };
  const headers = { ...given, [headerLengthField]: String(headerLength) };
  await fetch(`http://127.0.0.1:${server.ports.http}/v2/models/simple/infer`, { method: 'POST', body, headers });
  const client = new Client(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  const metadata = Metadata.fromHttp2Headers({ 'x-tenant': 'a', 'x-user': 'b' });
  const bytes = Buffer.from(encodeModelInferRequest(request));
  const asIs = (each: Buffer) => each;
  const path = '/inference.GRPCInferenceService/Model';
  await new Promise((resolve) => client.makeUnaryRequest(`${path}Infer`, asIs, asIs, bytes, metadata, resolve));
  const stream = client.makeBidiStreamRequest(`${path}StreamInfer`, asIs, asIs, metadata);
  stream.end(bytes);
  stream.on('data', () => undefined).on('error', () => undefined);
  await new Promise((resolve) => stream.once('status', resolve));
  client.close();
  const own = [
    ['x-tenant', 'a'],
    ['own', 1],
  ];
  t.deepEqual(
    arrived.map((parameters) => [...parameters].filter(([key]) => key !== 'binary_data_output')),
    [[...own, ['x-user', 'b']], own, own],
  );
});
