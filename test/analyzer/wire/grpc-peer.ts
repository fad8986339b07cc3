import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { decodeModelInferRequest, encodeModelInferResponse } from '../../../src/protocol/grpc-infer.js';
import { noParameters } from '../../../src/protocol/infer.js';
import { serverIdentity } from '../../certificates/certificates.js';
import { bigData, type Peer, refusal } from './peer.js';

/** What each request was compressed with; its answer gets the same. */
const codings = new WeakMap<ServerHttp2Stream, string>();

type Behaviour = (stream: ServerHttp2Stream, input: Uint8Array) => void;

/** A message with its five-byte prefix. */
export function framed(message: Uint8Array, isCompressed = false): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = isCompressed ? 1 : 0;
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
  const coding = codings.get(stream);
  const encoding = coding === undefined ? {} : { 'grpc-encoding': coding };
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto', ...encoding }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  if (coding === undefined) stream.end(framed(message));
  else stream.end(framed(coding === 'gzip' ? gzipSync(message) : deflateSync(message), true));
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
  mangled: (stream) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(framed(Buffer.from('gzip'), true));
  },
  big: (stream) => answer(stream, bigData()),
};

async function serve(stream: ServerHttp2Stream, coding: string | undefined): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const isCompressed = bytes[0] === 1;
  if (isCompressed && coding !== undefined) codings.set(stream, coding);
  const message = bytes.subarray(5);
  const decoded = isCompressed ? (coding === 'gzip' ? gunzipSync(message) : inflateSync(message)) : message;
  const request = decodeModelInferRequest(decoded);
  behaviours[request.modelName]?.(stream, request.inputs[0]?.data ?? new Uint8Array(0));
}

/** A v2 server over gRPC, made with `node:http2`, that behaves as the model's name says. */
export const startGrpcPeer = (settings: Settings = {}): Promise<Peer> => started(createServer({ settings }));

/** The same over TLS. */
export const startSecureGrpcPeer = (): Promise<Peer> => started(createSecureServer(serverIdentity));

async function started(server: Http2Server | Http2SecureServer): Promise<Peer> {
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    void serve(stream, headers['grpc-encoding']?.toString()).catch(() => undefined);
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
