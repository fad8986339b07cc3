import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream, type Settings } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { decodeModelInferRequest, encodeModelInferResponse } from '../../../src/protocol/grpc-infer.js';
import { noParameters } from '../../../src/protocol/infer.js';
import { bigData, type Peer, refusal } from './peer.js';

type Behaviour = (stream: ServerHttp2Stream, input: Uint8Array) => void;

/** A message with its five-byte prefix. */
export function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function answer(
  stream: ServerHttp2Stream,
  data: Uint8Array,
  trailers: Record<string, string> = { 'grpc-status': '0' },
) {
  const message = encodeModelInferResponse({
    modelName: 'echo',
    modelVersion: '1',
    id: '',
    parameters: noParameters,
    outputs: [{ name: 'OUT', datatype: 'UINT8', shape: [data.length], data, parameters: noParameters }],
  });
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(framed(message));
}

const trailersOnly = (stream: ServerHttp2Stream, headers: Record<string, string | number>): void =>
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...headers }, { endStream: true });

const behaviours: Readonly<Record<string, Behaviour>> = {
  echo: answer,
  refuse: (stream) => trailersOnly(stream, { 'grpc-status': 3, 'grpc-message': encodeURI(refusal) }),
  repeat: (stream, input) =>
    trailersOnly(stream, { 'grpc-status': 2, 'grpc-message': Buffer.from(input).toString('latin1') }),
  'refuse-late': (stream, input) => answer(stream, input, { 'grpc-status': '9', 'grpc-message': encodeURI(refusal) }),
  'http-503': (stream) => stream.respond({ ':status': 503 }, { endStream: true }),
  'no-status': (stream) => trailersOnly(stream, {}),
  'no-message': (stream) => trailersOnly(stream, { 'grpc-status': 0 }),
  'many-headers': (stream, input) => {
    const extra = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`x-${index}`, 'v'.repeat(500)]));
    answer(stream, input, { 'grpc-status': '0', ...extra });
  },
  silent: () => undefined,
  vanish: (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write('half', () => stream.session?.destroy());
  },
  reset: (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  calm: (stream) => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM),
  goaway: (stream, input) => {
    stream.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id ?? 0);
    answer(stream, input);
  },
  big: (stream) => answer(stream, bigData()),
};

async function serve(stream: ServerHttp2Stream): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  const request = decodeModelInferRequest(Buffer.concat(pieces).subarray(5));
  behaviours[request.modelName]?.(stream, request.inputs[0]?.data ?? new Uint8Array(0));
}

/** A v2 server over gRPC, made with `node:http2`, that behaves as the model's name says. */
export async function startGrpcPeer(settings: Settings = {}): Promise<Peer> {
  const server = createServer({ settings });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    void serve(stream).catch(() => undefined);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen({ port, host: '127.0.0.1' }, () => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const session of sessions) session.destroy();
    await closed;
  };
  return { port, stop, restart: () => listen(port), [Symbol.asyncDispose]: stop };
}
