import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { messageType } from '../../src/protocol/schema.js';
import { grpcAnswer } from './counting-servers.js';
import { v2Answer } from './v2-stub.js';

/** A request as a server that knows nothing of our code read it, or the end of its answer. */
export interface SequenceEvent {
  readonly kind: 'request' | 'answer';
  readonly id: number;
  readonly isStart: boolean;
  readonly isEnd: boolean;
  /** The first two bytes of its tensor. */
  readonly stream: number;
  readonly step: number;
}

/** A v2 server for inferences that writes down what it is told of sequences. */
export interface SequenceWitness extends AsyncDisposable {
  readonly port: number;
  readonly events: readonly SequenceEvent[];
}

export interface WitnessOptions {
  /** How long the n-th request takes. */
  readonly delayMs: (index: number) => number;
  /** Whether the n-th request is refused. */
  readonly isRefused?: (index: number) => boolean;
}

type Request = Omit<SequenceEvent, 'kind'>;
/** Says whether the answer is to be a refusal. */
type Serve = (request: Request) => Promise<boolean>;

const starters = { http: startHttp, grpc: startGrpc } as const;

export async function startSequenceWitness(
  protocol: 'http' | 'grpc',
  { delayMs, isRefused = () => false }: WitnessOptions,
): Promise<SequenceWitness> {
  const events: SequenceEvent[] = [];
  let count = 0;
  const server = await starters[protocol](async (request) => {
    const index = count++;
    events.push({ kind: 'request', ...request });
    await new Promise((resolve) => setTimeout(resolve, delayMs(index)));
    events.push({ kind: 'answer', ...request });
    return isRefused(index);
  });
  return { ...server, events };
}

async function startHttp(serve: Serve) {
  const server = createHttpServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.once('end', async () => {
      const body = Buffer.concat(pieces);
      const headLength = Number(request.headers['inference-header-content-length']);
      const { parameters } = JSON.parse(body.toString('utf8', 0, headLength));
      const isRefused = await serve({
        id: parameters.sequence_id,
        isStart: parameters.sequence_start,
        isEnd: parameters.sequence_end,
        ...tensorStart(body.subarray(headLength)),
      });
      if (isRefused) response.writeHead(503).end('{"error":"busy"}');
      else response.end(v2Answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const requestType = messageType('inference.ModelInferRequest');

async function startGrpc(serve: Serve) {
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server();
  server.on('session', (session: ServerHttp2Session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream) => {
    const pieces: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.once('end', async () => {
      const message = requestType.decode(Buffer.concat(pieces).subarray(5));
      const { parameters, raw_input_contents } = requestType.toObject(message, { longs: Number });
      const isRefused = await serve({
        id: parameters.sequence_id.int64_param,
        isStart: parameters.sequence_start.bool_param,
        isEnd: parameters.sequence_end.bool_param,
        ...tensorStart(raw_input_contents[0]),
      });
      const headers = { ':status': 200, 'content-type': 'application/grpc' };
      if (stream.destroyed) return;
      if (isRefused) {
        stream.respond({ ...headers, 'grpc-status': 14, 'grpc-message': 'busy' }, { endStream: true });
      } else {
        stream.respond(headers, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(grpcAnswer);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const tensorStart = (data: Uint8Array) => ({ stream: data[0] ?? 0, step: data[1] ?? 0 });
