import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { decodeInferRequest, headerLengthField } from '../../../src/protocol/http-infer.js';
import { noParameters } from '../../../src/protocol/infer.js';
import { serverIdentity } from '../../certificates/certificates.js';
import { httpBodyOf } from '../../helpers/http-body.js';
import { bigData, type Peer, refusal } from './peer.js';

type Behaviour = (response: ServerResponse, input: Uint8Array) => void;

function answer(response: ServerResponse, data: Uint8Array, extra: Record<string, string> = {}): void {
  const { body: plain, headerLength } = httpBodyOf(
    {
      modelName: 'echo',
      modelVersion: '1',
      id: '',
      parameters: noParameters,
      outputs: [{ name: 'OUT', datatype: 'UINT8', shape: [data.length], data, parameters: noParameters }],
    },
    () => true,
  );
  const coding = response.req.headers['accept-encoding'];
  const headers = coding === undefined ? extra : { ...extra, 'content-encoding': String(coding) };
  const body = coding === 'gzip' ? gzipSync(plain) : coding === 'deflate' ? deflateSync(plain) : plain;
  const isChunked = headers['transfer-encoding'] === 'chunked';
  const length = isChunked ? {} : { 'content-length': body.length };
  response.writeHead(200, { ...headers, ...length, [headerLengthField]: String(headerLength) });
  if (isChunked) {
    for (let offset = 0; offset < body.length; offset += 7) response.write(body.subarray(offset, offset + 7));
    response.addTrailers({ 'x-checksum': '1' });
    response.end();
  } else {
    response.end(body);
  }
}

const behaviours: Readonly<Record<string, Behaviour>> = {
  echo: (response, input) => answer(response, input),
  chunked: (response, input) => answer(response, input, { 'transfer-encoding': 'chunked', trailer: 'x-checksum' }),
  close: (response, input) => answer(response, input, { connection: 'close' }),
  interim: (response, input) => {
    response.writeContinue();
    response.writeProcessing();
    answer(response, input);
  },
  refuse: (response) => {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: refusal }));
  },
  'bare-503': (response) => {
    response.writeHead(503);
    response.end();
  },
  'no-content': (response) => {
    response.writeHead(204);
    response.end();
  },
  silent: () => undefined,
  vanish: (response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.socket?.destroy());
  },
  garbage: (response) => {
    response.socket?.end('this is not HTTP\r\n\r\n');
  },
  mangled: (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': '4' });
    response.end('gzip');
  },
  big: (response) => answer(response, bigData()),
};

function decoded(body: Buffer, coding: string | undefined): Buffer {
  if (coding === 'gzip') return gunzipSync(body);
  return coding === 'deflate' ? inflateSync(body) : body;
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const [, model = ''] = /^\/v2\/models\/([^/]+)/.exec(request.url ?? '') ?? [];
  const headerLength = request.headers[headerLengthField];
  const inferRequest = decodeInferRequest(
    {
      body: decoded(Buffer.concat(pieces), request.headers['content-encoding']),
      headerLength: headerLength === undefined ? undefined : Number(headerLength),
    },
    { modelName: model, modelVersion: '' },
  );
  behaviours[model]?.(response, inferRequest.inputs[0]?.data ?? new Uint8Array(0));
}

/** A v2 server over HTTP/1.1 that behaves as the model's name says. */
export const startHttpPeer = (): Promise<Peer> => started(createServer(take));

/** The same over TLS. */
export const startHttpsPeer = (): Promise<Peer> => started(createHttpsServer(serverIdentity, take));

const take = (request: IncomingMessage, response: ServerResponse): void =>
  void serve(request, response).catch(() => undefined);

async function started(server: Server): Promise<Peer> {
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen({ port, host: '127.0.0.1' }, () => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return { port, stop, restart: () => listen(port), [Symbol.asyncDispose]: stop };
}
