import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { FaultServer } from './fault-server.js';

const message = Buffer.from([0, 0, 0, 0, 2, 8, 1]);
const headers = { ':status': 200, 'content-type': 'application/grpc' };

type Misdeed = (stream: ServerHttp2Stream) => void;

const misdeeds: readonly (readonly [every: number, misdeed: Misdeed])[] = [
  [397, () => undefined], // frozen: never answered
  // GOAWAY; to name a stream below one that is open, with `goaway(code, id)`, corrupts the heap of Node 20.
  [1000, (stream) => stream.session?.close()],
  [501, (stream) => stream.session?.destroy()],
  [101, (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
  [97, (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)],
  [100, (stream) => stream.respond({ ...headers, 'grpc-status': '14', 'grpc-message': 'busy' }, { endStream: true })],
  [
    89,
    (stream) => {
      stream.respond(headers); // half an answer, and no status
      stream.end(message.subarray(0, 4));
    },
  ],
  [83, (stream) => stream.respond({ ':status': 502 }, { endStream: true })],
  [
    73,
    (stream) => {
      setTimeout(() => answer(stream), 40);
    },
  ],
];

/** A v2 server over gRPC that does wrong to some calls, counted over all connections. */
export async function startGrpcFaults(): Promise<FaultServer> {
  const sessions = new Set<ServerHttp2Session>();
  let arrived = 0;
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.resume();
    stream.once('end', () => {
      if (stream.aborted) return;
      arrived++;
      const misdeed = misdeeds.find(([every]) => arrived % every === 0)?.[1] ?? answer;
      misdeed(stream);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    arrived: () => arrived,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(stream: ServerHttp2Stream): void {
  if (stream.destroyed) return;
  stream.respond(headers, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(message);
}
