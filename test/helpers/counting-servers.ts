import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { decodeModelInferRequest, encodeModelInferResponse } from '../../src/protocol/grpc-infer.js';
import { noParameters } from '../../src/protocol/infer.js';
import { framed } from '../analyzer/wire/grpc-peer.js';
import { v2Answer } from './v2-stub.js';

/** A v2 server that counts what comes by the last byte of its data. */
export interface CountingServer extends AsyncDisposable {
  readonly url: string;
  arrived(): number;
  /** By the last byte of the data. */
  arrivedByData(): Record<number, number>;
}

function createCount() {
  const byData: Record<number, number> = {};
  return {
    add: (data: number) => {
      byData[data] = (byData[data] ?? 0) + 1;
    },
    arrived: () => Object.values(byData).reduce((sum, count) => sum + count, 0),
    arrivedByData: () => ({ ...byData }),
  };
}

/** @param status of the n-th answer, from 1 */
export async function startCountingHttp(status: (request: number) => number = () => 200): Promise<CountingServer> {
  const { add, arrived, arrivedByData } = createCount();
  const server = createHttpServer((request, response) => {
    let last = 0;
    request.on('data', (piece: Buffer) => {
      last = piece.at(-1) ?? last;
    });
    request.on('end', () => {
      add(last);
      response.writeHead(status(arrived())).end(v2Answer);
    });
  });
  return { arrived, arrivedByData, ...(await listening(server, () => server.closeAllConnections())) };
}

/** The message of an answer, behind its prefix. */
export const grpcAnswer = framed(
  encodeModelInferResponse({
    modelName: 'm',
    modelVersion: '1',
    id: '',
    parameters: noParameters,
    outputs: [{ name: 'OUT', datatype: 'UINT8', shape: [1], data: Uint8Array.of(0), parameters: noParameters }],
  }),
);

export async function startCountingGrpc(): Promise<CountingServer> {
  const { add, arrived, arrivedByData } = createCount();
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream) => {
    const pieces: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      add(decodeModelInferRequest(Buffer.concat(pieces).subarray(5)).inputs[0]?.data.at(-1) ?? 0);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(grpcAnswer);
    });
  });
  const breakAll = (): void => {
    for (const session of sessions) session.destroy();
  };
  return { arrived, arrivedByData, ...(await listening(server, breakAll)) };
}

async function listening(server: Server, breakAll: () => void): Promise<Pick<CountingServer, 'url'> & AsyncDisposable> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    url: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
