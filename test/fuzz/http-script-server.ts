import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Random, seededRandom } from '../../src/core/random.js';
import { cutUp, nextTurn, pick, type Script } from './script.js';
import type { ScriptServer } from './script-server.js';

/** Plays scripts over HTTP/1.1, written by hand so that every byte can be wrong. A call's path names its script. */
export async function startHttpScripts(scripts: readonly Script[]): Promise<ScriptServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay();
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    let received = Buffer.alloc(0);
    socket.on('data', (piece) => {
      received = received.length === 0 ? piece : Buffer.concat([received, piece]);
      const request = takeRequest(received);
      if (request === undefined) return;
      received = received.subarray(request.size);
      const script = scripts[request.script];
      if (script !== undefined) void play(script, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function takeRequest(received: Buffer): { readonly size: number; readonly script: number } | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const size = headEnd + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return size > received.length ? undefined : { size, script: Number(/\/models\/(\d+)\//.exec(head)?.[1] ?? -1) };
}

async function play(script: Script, socket: Socket): Promise<void> {
  const random = seededRandom(script.seed);
  for (const piece of cutUp(bytesOf(script, random), script.pieces, random)) {
    if (socket.destroyed) return;
    if (piece.length > 0) socket.write(piece);
    if (script.pieces > 1) await nextTurn();
  }
  const isLast = script.framing === 'to-end' || script.framing === 'close';
  // A reset in a body that ends with the connection is a failure for us, and its end for undici.
  if (script.fault === 'torn-down' && script.framing !== 'to-end') socket.resetAndDestroy();
  else if (script.fault !== 'none' || isLast) socket.end();
}

function bytesOf(script: Script, random: Random): Buffer {
  if (script.fault === 'garbage') return Buffer.from('SSH-2.0-OpenSSH_9.2\r\n\r\n');
  const whole = answerOf(script, random);
  return script.fault === 'none' ? whole : whole.subarray(0, Math.floor(script.cutAt * (whole.length - 1)));
}

function answerOf(script: Script, random: Random): Buffer {
  const isBare = script.status === 204 || script.status === 304;
  const body = isBare ? Buffer.alloc(0) : bodyOf(script, random);
  const isChunked = script.framing === 'chunked' && !isBare;
  const fields = [
    ...Array.from({ length: script.extraFields }, (_, index) => `X-${index}: ${'v'.repeat(Math.floor(random() * 99))}`),
    ...(script.status === 200
      ? [`Inference-Header-Content-Length:  ${Math.floor(random() * (body.length + 1))} `]
      : []),
    ...(script.framing === 'to-end' || script.framing === 'close'
      ? [`${randomCase('connection', random)}: close`]
      : []),
    ...(isChunked ? [`${randomCase('transfer-encoding', random)}: chunked`] : []),
    ...(script.framing !== 'to-end' && !isChunked && !isBare
      ? [`${randomCase('content-length', random)}:${body.length}`]
      : []),
  ];
  // Not 100 (Continue): undici breaks the connection when it did not ask for it.
  const interim = script.interim ? 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n' : '';
  const head = `${interim}HTTP/1.1 ${script.status} ${pick(random, ['OK', 'Some Reason'])}\r\n${fields.join('\r\n')}\r\n\r\n`;
  return Buffer.concat([
    Buffer.from(head.replace('\r\n\r\n\r\n', '\r\n\r\n')),
    isChunked ? chunked(body, random) : body,
  ]);
}

function bodyOf({ status, text, body }: Script, random: Random): Buffer {
  if (status === 200) return body;
  if (random() < 0.7) return Buffer.from(JSON.stringify({ error: text }));
  return random() < 0.5 ? Buffer.from(`<html>${text}</html>`) : Buffer.alloc(0);
}

function chunked(body: Buffer, random: Random): Buffer {
  const chunks = cutUp(body, 1 + Math.floor(random() * 6), random).filter((chunk) => chunk.length > 0);
  const extension = (): string => (random() < 0.2 ? ';name=value' : '');
  return Buffer.concat([
    ...chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16)}${extension()}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(random() < 0.3 ? '0\r\nX-Trailer: 1\r\n\r\n' : '0\r\n\r\n'),
  ]);
}

const randomCase = (name: string, random: Random): string =>
  [...name].map((letter) => (random() < 0.5 ? letter.toUpperCase() : letter)).join('');
