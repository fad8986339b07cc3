import { createServer } from 'node:net';
import test from 'ava';
import { PerfError } from '../../src/core/perf-error.js';
import { startServer } from '../../src/server/start-server.js';
import { createInMemoryService } from '../contract/in-memory-service.js';
import { exchange } from './http/raw-socket.js';

const log = () => undefined;
const anyPorts = { httpPort: 0, grpcPort: 0, metricsPort: 0, log };

test('startServer picks three free ports for 0 and serves on them', async (t) => {
  await using server = await startServer(createInMemoryService(), anyPorts);
  const { http = 0, grpc = 0, metrics = 0 } = server.ports;
  t.is(new Set([http, grpc, metrics]).size, 3);
  t.is((await exchange(http, 'GET /v2/health/live HTTP/1.1\r\n\r\n'))[0]?.status, 200);
  t.is((await exchange(metrics, 'GET /metrics HTTP/1.1\r\n\r\n'))[0]?.status, 200);
});

test('startServer leaves out what is not allowed', async (t) => {
  await using server = await startServer(createInMemoryService(), {
    ...anyPorts,
    allowGrpc: false,
    allowMetrics: false,
  });
  t.deepEqual(Object.keys(server.ports), ['http']);
});

for (const flag of ['http', 'grpc', 'metrics'] as const) {
  test(`startServer names --${flag}-port when the port is in use, and closes the others`, async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const starting = startServer(createInMemoryService(), { ...anyPorts, [`${flag}Port`]: port });
    const error = await t.throwsAsync(starting, { instanceOf: PerfError });
    t.is(error.code, 'usage');
    t.is(error.message, `Cannot listen on 127.0.0.1:${port} (--${flag}-port): expected a free port, got one in use`);
    await new Promise((resolve) => taken.close(resolve));
  });
}

test('startServer names the flag of an address that is not ours', async (t) => {
  const starting = startServer(createInMemoryService(), { ...anyPorts, httpAddress: '203.0.113.7' });
  const error = await t.throwsAsync(starting, { instanceOf: PerfError });
  t.regex(
    error.message,
    /^Cannot listen on 203\.0\.113\.7 \(--http-address\): expected an address of this machine, .*, got .*EADDRNOTAVAIL/,
  );
});

test('startServer cuts what is still in flight after the exit timeout', async (t) => {
  const service = createInMemoryService();
  const begun = new Promise<void>((resolve) => {
    const { infer } = service;
    service.infer = (request) => {
      resolve();
      return infer(request); // without the signal: nothing ends it
    };
  });
  const server = await startServer(service, { ...anyPorts, exitTimeoutMs: 1 });
  const body = '{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1],"data":[1]}]}';
  const head = `POST /v2/models/stuck/infer HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n`;
  const replies = exchange(server.ports.http ?? 0, head + body);
  await begun;
  await server[Symbol.asyncDispose]();
  t.deepEqual(await replies, []);
});
