import { createServer, type OutgoingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type Random, seededRandom } from '../../src/core/random.js';
import { decodeModelInferRequest } from '../../src/protocol/grpc-infer.js';
import { cutUp, nextTurn, type Script } from './script.js';
import type { ScriptServer } from './script-server.js';

/** Plays scripts over gRPC, on `node:http2`. */
export async function startGrpcScripts(scripts: readonly Script[]): Promise<ScriptServer> {
  const server = createServer({ maxSessionMemory: 4096 }); // MB; beyond 10 it would tell clients to be calm
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    void serve(stream, scripts).catch(() => undefined);
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(stream: ServerHttp2Stream, scripts: readonly Script[]): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  const { modelName } = decodeModelInferRequest(Buffer.concat(pieces).subarray(5));
  const script = scripts[Number(modelName)];
  if (script !== undefined) await play(script, stream);
}

const resetCodes = [1, 2, 3, 6, 8, 9, 11, 12];

async function play(script: Script, stream: ServerHttp2Stream): Promise<void> {
  const random = seededRandom(script.seed);
  const { fault, status, text } = script;
  const extra = Object.fromEntries(
    Array.from({ length: script.extraFields }, (_, index) => [`x-${index}`, 'v'.repeat(index * 40)]),
  );
  const trailers = {
    ...extra,
    'grpc-status': String(status),
    ...(status === 0 ? {} : { 'grpc-message': encodeURI(text) }),
  };
  if (fault === 'reset') {
    stream.close(resetCodes[Math.floor(random() * resetCodes.length)]);
  } else if (fault === 'torn-down') {
    await tearDown(script, stream, random);
  } else if (status !== 0 && random() < 0.5) {
    stream.respond(random() < 0.8 ? { ':status': 200, ...trailers } : { ':status': httpStatus(random) }, {
      endStream: true,
    });
  } else {
    if (fault === 'goaway') stream.session?.goaway(0, stream.id ?? 0);
    await answer(script, stream, { trailers, random });
  }
}

const httpStatus = (random: Random): number =>
  [400, 401, 403, 404, 429, 500, 502, 503, 504][Math.floor(random() * 9)] ?? 500;

async function answer(
  script: Script,
  stream: ServerHttp2Stream,
  { trailers, random }: { readonly trailers: OutgoingHttpHeaders; readonly random: Random },
): Promise<void> {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  const hasMessage = script.status === 0 || random() < 0.5;
  for (const piece of hasMessage ? cutUp(framed(script.body), script.pieces, random) : []) {
    stream.write(piece);
    if (script.pieces > 1) await nextTurn();
  }
  stream.end();
}

async function tearDown(script: Script, stream: ServerHttp2Stream, random: Random): Promise<void> {
  if (script.cutAt > 0.3) {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    const bytes = framed(script.body);
    for (const piece of cutUp(bytes.subarray(0, script.cutAt * bytes.length), script.pieces, random)) {
      stream.write(piece);
      await nextTurn();
    }
  }
  stream.session?.destroy();
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
