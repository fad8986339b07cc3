import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { type ChoiceOptions, chooseServer } from '../../src/cli/choose-server.js';
import { originOf } from '../../src/cli/connect.js';
import { startHttpServer } from '../../src/server/http/http-server.js';
import { createInMemoryService } from '../contract/in-memory-service.js';

const auto: ChoiceOptions = { serviceKind: 'auto', protocol: 'http', urls: [], hasRepository: false };

const decided: readonly [what: string, options: Partial<ChoiceOptions>, choice: object][] = [
  ['-u', { urls: ['here:1'] }, { kind: 'remote', urls: ['here:1'], because: 'given with -u' }],
  ['-u and remote', { urls: ['here:1'], serviceKind: 'remote' }, { kind: 'remote', urls: ['here:1'] }],
  ['remote', { serviceKind: 'remote' }, { kind: 'remote', urls: ['localhost:8000'], because: '--service-kind remote' }],
  ['remote over gRPC', { serviceKind: 'remote', protocol: 'grpc' }, { kind: 'remote', urls: ['localhost:8001'] }],
  ['embedded', { serviceKind: 'embedded' }, { kind: 'embedded', because: '--service-kind embedded' }],
  ['a repository', { hasRepository: true }, { kind: 'embedded', because: '--model-repository is given' }],
];

for (const [what, options, choice] of decided) {
  test(`chooseServer obeys ${what} without a look at the network`, async (t) => {
    t.like(await chooseServer({ ...auto, ...options }), choice);
  });
}

test('chooseServer refuses -u for the embedded server', async (t) => {
  await t.throwsAsync(chooseServer({ ...auto, urls: ['here:1'], serviceKind: 'embedded' }), {
    message: 'Cannot use -u with --service-kind embedded: expected one of them, got both',
  });
});

test('chooseServer takes a v2 server that answers, and nothing else that listens', async (t) => {
  await using v2 = await servingV2();
  const found = await chooseServer(auto, { http: v2.address, grpc: '' });
  t.deepEqual(found, { kind: 'remote', urls: [v2.address], because: 'a v2 server answers there' });

  const other = createServer((_, response) => response.end('<html>hello</html>'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const url = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const choice = await chooseServer(auto, { http: url, grpc: '' });
  other.closeAllConnections();
  other.close();
  t.deepEqual(choice, { kind: 'embedded', because: `no -u is given and no v2 server answers on ${url}` });
  t.like(await chooseServer(auto, { http: url, grpc: '' }), { kind: 'embedded' });
});

test('chooseServer does not wait long for a server that says nothing', async (t) => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  t.like(await chooseServer(auto, { http: url, grpc: '' }), { kind: 'embedded' });
  silent.closeAllConnections();
  silent.close();
});

test('originOf completes what -u leaves out', (t) => {
  t.is(originOf('localhost:8000'), 'http://localhost:8000');
  t.is(originOf('http://localhost:8000/'), 'http://localhost:8000');
  t.is(originOf('https://triton.example/prefix//'), 'https://triton.example/prefix');
});

async function servingV2() {
  const log = () => undefined;
  const service = createInMemoryService();
  const endpoint = await startHttpServer(service, { host: '127.0.0.1', port: 0, maxInputBytes: 1000, log });
  return { address: `127.0.0.1:${endpoint.port}`, [Symbol.asyncDispose]: () => endpoint.close(0) };
}
