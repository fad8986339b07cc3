import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream, type Settings } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { decodeModelInferRequest } from '../../../src/protocol/grpc-infer.js';
import { emptyFinalResponseKey, encodeStreamResponse, finalResponseKey } from '../../../src/protocol/grpc-stream.js';
import { type InferRequest, noParameters } from '../../../src/protocol/infer.js';
import { framed } from './grpc-peer.js';
import { bigData, type Peer, refusal } from './peer.js';

/** A stream of `ModelStreamInfer` as the peer's behaviours see it. */
export interface PeerCall {
  readonly stream: ServerHttp2Stream;
  /** A response of the request with its input, or other bytes; without `isFinal` it does not say whether it is the last. */
  respond(request: InferRequest, options?: { readonly data?: Uint8Array; readonly isFinal?: boolean }): void;
  /** Says that the request has ended, without a response. */
  finish(request: InferRequest): void;
  fail(request: InferRequest, message: string, isFinal?: boolean): void;
  /** Ends the call with a status. */
  end(status: number, message?: string): void;
}

type Behaviour = (call: PeerCall, request: InferRequest) => void;

const behaviours: Readonly<Record<string, Behaviour>> = {
  echo: (call, request) => call.respond(request, { isFinal: true }),
  once: (call, request) => call.respond(request),
  big: (call, request) => call.respond(request, { data: bigData(), isFinal: true }),
  refuse: (call, request) => call.fail(request, refusal),
  silent: () => undefined,
  vanish: ({ stream }) => void stream.write(framed(Buffer.alloc(100)).subarray(0, 20), () => stream.session?.destroy()),
  none: (call, request) => call.finish(request),
  // As many as its first byte says, then the word that it was the last.
  many: (call, request) => {
    for (let index = 0; index < (request.inputs[0]?.data[0] ?? 0); index++) {
      call.respond(request, { data: Buffer.from([index]), isFinal: false });
    }
    call.finish(request);
  },
  // The same, with the last response marked itself.
  marked: (call, request) => {
    const count = request.inputs[0]?.data[0] ?? 0;
    for (let index = 0; index < count; index++) {
      call.respond(request, { data: Buffer.from([index]), isFinal: index === count - 1 });
    }
  },
  'fail-then-finish': (call, request) => {
    call.respond(request, { isFinal: false });
    call.fail(request, refusal, false);
    call.finish(request);
  },
  twice: (call, request) => {
    call.respond(request);
    call.respond(request);
  },
  'end-ok': (call) => call.end(0),
  'end-9': (call) => call.end(9, refusal),
  unimplemented: ({ stream }) =>
    stream.respond({ ':status': 200, 'grpc-status': '12', 'grpc-message': 'no such method' }, { endStream: true }),
  'http-503': ({ stream }) => {
    stream.respond({ ':status': 503 });
    stream.end('<html>try again later</html>');
  },
  reset: ({ stream }) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  goaway: (call, request) => {
    call.stream.session?.goaway(constants.NGHTTP2_NO_ERROR, call.stream.id ?? 0);
    call.respond(request, { isFinal: true });
  },
  garbage: ({ stream }) => void stream.write(framed(Buffer.from([0x12, 0x7f, 1]))),
};

const isWithoutHead = new Set(['unimplemented', 'http-503']);

/** A server of `ModelStreamInfer`, made with `node:http2`, that behaves as the model's name says. */
export interface StreamPeer extends Peer {
  /** How many streams were opened. */
  readonly streamCount: number;
  /** The ids of the requests, and whether they ask for an empty last response. */
  readonly seen: readonly { readonly id: string; readonly wantsEmptyFinal: unknown }[];
}

export async function startStreamPeer(settings: Settings = {}): Promise<StreamPeer> {
  const server = createServer({ settings });
  const sessions = new Set<ServerHttp2Session>();
  const seen: { id: string; wantsEmptyFinal: unknown }[] = [];
  let streamCount = 0;
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    streamCount++;
    stream.on('error', () => undefined);
    const coding = headers['grpc-encoding']?.toString();
    let call: PeerCall | undefined;
    onMessages(stream, (message, isCompressed) => {
      const inflate = coding === 'gzip' ? gunzipSync : inflateSync;
      const request = decodeModelInferRequest(isCompressed ? inflate(message) : message);
      seen.push({ id: request.id, wantsEmptyFinal: request.parameters.get(emptyFinalResponseKey) });
      call ??= openCall(stream, { coding, hasHead: !isWithoutHead.has(request.modelName) });
      behaviours[request.modelName]?.(call, request);
    });
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
  return {
    port,
    stop,
    restart: () => listen(port),
    seen,
    get streamCount() {
      return streamCount;
    },
    [Symbol.asyncDispose]: stop,
  };
}

function onMessages(stream: ServerHttp2Stream, onMessage: (message: Buffer, isCompressed: boolean) => void): void {
  let pieces: Buffer[] = [];
  let size = 0;
  stream.on('data', (piece: Buffer) => {
    pieces.push(piece);
    size += piece.length;
    while (size >= 5) {
      const head = pieces[0] !== undefined && pieces[0].length >= 5 ? pieces[0] : Buffer.concat(pieces);
      const end = 5 + head.readUInt32BE(1);
      if (size < end) return;
      const bytes = Buffer.concat(pieces);
      pieces = [bytes.subarray(end)];
      size -= end;
      onMessage(bytes.subarray(5, end), bytes[0] === 1);
    }
  });
}

function openCall(
  stream: ServerHttp2Stream,
  { coding, hasHead }: { readonly coding: string | undefined; readonly hasHead: boolean },
): PeerCall {
  let trailers: Record<string, string> = { 'grpc-status': '0' };
  if (hasHead) {
    const encoding = coding === undefined ? {} : { 'grpc-encoding': coding };
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...encoding }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  }
  const send = (message: Uint8Array): void => {
    if (coding === undefined) stream.write(framed(message));
    else stream.write(framed(coding === 'gzip' ? gzipSync(message) : deflateSync(message), true));
  };
  const names = ({ id, modelName }: InferRequest, isFinal: boolean | undefined) => ({
    id,
    modelName,
    modelVersion: '1',
    parameters: isFinal === undefined ? noParameters : new Map([[finalResponseKey, isFinal]]),
    outputs: [],
  });
  return {
    stream,
    respond: (request, { data = request.inputs[0]?.data ?? new Uint8Array(0), isFinal } = {}) => {
      const output = { name: 'OUT', datatype: 'UINT8', shape: [data.length], data, parameters: noParameters } as const;
      send(encodeStreamResponse({ errorMessage: '', response: { ...names(request, isFinal), outputs: [output] } }));
    },
    finish: (request) => send(encodeStreamResponse({ errorMessage: '', response: names(request, true) })),
    fail: (request, errorMessage, isFinal) =>
      send(encodeStreamResponse({ errorMessage, response: names(request, isFinal) })),
    end: (status, message) => {
      trailers = {
        'grpc-status': String(status),
        ...(message === undefined ? {} : { 'grpc-message': encodeURI(message) }),
      };
      stream.end();
    },
  };
}
