import { createServer } from 'node:http';
import { createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import test from 'ava';
import type { HeaderField } from '../../src/client/connection.js';
import { createGrpcClient } from '../../src/client/grpc-client.js';
import { createHttpClient } from '../../src/client/http-client.js';

const headers: readonly HeaderField[] = [
  ['X-Key', 'value'],
  ['Host', 'model.example.com'],
];

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  return (server.address() as AddressInfo).port;
}

test('createHttpClient sends the headers with every request', async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    response.end('{"name":"n","extensions":[]}');
  });
  const port = await listening(server);
  await using client = createHttpClient({ origin: `http://127.0.0.1:${port}`, headers });
  await client.serverMetadata();
  await client.loadModel('m');
  server.close();
  t.deepEqual(
    seen.map((fields) => [fields['x-key'], fields.host]),
    [
      ['value', 'model.example.com'],
      ['value', 'model.example.com'],
    ],
  );
});

test('createGrpcClient sends the headers as metadata, and Host as the authority', async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const server = createHttp2Server();
  server.on('stream', (stream, fields) => {
    seen.push(fields);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': 12 }, { endStream: true });
  });
  const port = await listening(server);
  const binary: HeaderField = ['trace-bin', Buffer.from('bytes').toString('base64')];
  const client = createGrpcClient({ address: `127.0.0.1:${port}`, headers: [...headers, binary] });
  await t.throwsAsync(client.serverMetadata(), { name: 'V2Error' });
  await client[Symbol.asyncDispose]();
  server.close();
  const [fields] = seen;
  t.is(fields?.['x-key'], 'value');
  t.is(fields?.[':authority'], 'model.example.com');
  t.is(fields?.host, undefined);
  t.is(String(fields?.['trace-bin']).replace(/=+$/, ''), binary[1].replace(/=+$/, ''));
});
