import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import test from 'ava';
import { createGrpcClient } from '../../src/client/grpc-client.js';
import { createHttpClient } from '../../src/client/http-client.js';
import type { V2Client } from '../../src/client/v2-client.js';
import { messageType } from '../../src/protocol/schema.js';
import { framed } from '../analyzer/wire/grpc-peer.js';

const present = { trace_level: ['OFF'], trace_rate: ['1000'] };
const wanted = { trace_level: ['TIMESTAMPS', 'TENSORS'], trace_rate: ['10'], trace_count: [] };

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  return (server.address() as AddressInfo).port;
}

async function exchange(client: V2Client): Promise<unknown> {
  const settings = await client.traceSettings();
  await client.updateTraceSettings(wanted);
  await client[Symbol.asyncDispose]();
  return settings;
}

test('createHttpClient reads and changes trace settings', async (t) => {
  const bodies: unknown[] = [];
  const server = createHttpServer(async (request, response) => {
    t.is(request.url, '/v2/trace/setting');
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    if (request.method === 'POST') bodies.push(JSON.parse(Buffer.concat(pieces).toString()));
    response.end('{"trace_level":["OFF"],"trace_rate":"1000"}');
  });
  const port = await listening(server);
  t.deepEqual(await exchange(createHttpClient({ origin: `http://127.0.0.1:${port}` })), present);
  server.close();
  t.deepEqual(bodies, [{ trace_level: ['TIMESTAMPS', 'TENSORS'], trace_rate: '10', trace_count: null }]);
});

test('createGrpcClient reads and changes trace settings', async (t) => {
  const requests: unknown[] = [];
  const requestType = messageType('inference.TraceSettingRequest');
  const answer = messageType('inference.TraceSettingResponse')
    .encode({ settings: { trace_level: { value: ['OFF'] }, trace_rate: { value: ['1000'] } } })
    .finish();
  const server = createHttp2Server();
  server.on('stream', async (stream, headers) => {
    t.is(headers[':path'], '/inference.GRPCInferenceService/TraceSetting');
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece);
    const message = requestType.decode(Buffer.concat(pieces).subarray(5));
    requests.push(requestType.toObject(message, { defaults: true }));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': 0 }));
    stream.end(framed(answer));
  });
  const port = await listening(server);
  t.deepEqual(await exchange(createGrpcClient({ address: `127.0.0.1:${port}` })), present);
  server.close();
  t.deepEqual(requests[1], {
    model_name: '',
    settings: {
      trace_level: { value: ['TIMESTAMPS', 'TENSORS'] },
      trace_rate: { value: ['10'] },
      trace_count: { value: [] },
    },
  });
});
