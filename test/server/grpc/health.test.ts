import { Client, credentials, status } from '@grpc/grpc-js';
import test from 'ava';
import { messageType } from '../../../src/protocol/schema.js';
import { startGrpcServer } from '../../../src/server/grpc/grpc-server.js';
import { createInMemoryService } from '../../contract/in-memory-service.js';

const responseType = messageType('grpc.health.v1.HealthCheckResponse');

async function watch() {
  const service = createInMemoryService();
  const endpoint = await startGrpcServer(service, { host: '127.0.0.1', port: 0, log: () => undefined });
  const client = new Client(`127.0.0.1:${endpoint.port}`, credentials.createInsecure());
  const call = client.makeServerStreamRequest(
    '/grpc.health.v1.Health/Watch',
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => responseType.toObject(responseType.decode(bytes), { enums: String })['status'] as string,
    Buffer.alloc(0),
  );
  const states = call[Symbol.asyncIterator]();
  return {
    service,
    endpoint,
    call,
    next: async (): Promise<unknown> => (await states.next()).value,
    [Symbol.asyncDispose]: async () => {
      call.on('error', () => undefined).cancel();
      client.close();
      await endpoint.close(0);
    },
  };
}

test('Watch tells the state of now and every change', async (t) => {
  await using watched = await watch();
  t.is(await watched.next(), 'SERVING');
  watched.service.health.ready = false;
  t.is(await watched.next(), 'NOT_SERVING');
  watched.service.health.ready = true;
  t.is(await watched.next(), 'SERVING');
});

test('Watch does not keep a server from closing', async (t) => {
  await using watched = await watch();
  t.is(await watched.next(), 'SERVING');
  const ended = t.throwsAsync(watched.next());
  await watched.endpoint.close(60_000);
  t.like(await ended, { code: status.UNAVAILABLE, details: 'Server exiting' });
});
