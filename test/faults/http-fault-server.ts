import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { FaultServer } from './fault-server.js';

const good = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';

type Misdeed = (socket: Socket, whenRead: () => void) => void;

/** What happens to every so many-th request; where several fit, the first. Primes, so that all combinations come. */
const misdeeds: readonly (readonly [every: number, misdeed: Misdeed])[] = [
  [397, () => undefined], // frozen: never answered
  [101, (socket) => socket.resetAndDestroy()],
  [97, (socket) => socket.end(good.slice(0, -2))],
  [89, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\ngood')],
  [83, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\ngood')],
  [79, (socket) => socket.end('hello?\r\n\r\n')],
  [
    100,
    (socket, next) => {
      socket.write('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 16\r\n\r\n{"error":"busy"}');
      next();
    },
  ],
  [
    73,
    (socket, next) => {
      slowly(socket, good, next);
    },
  ],
];

/** A v2 server over HTTP/1.1 that does wrong to some requests, counted over all connections. */
export async function startHttpFaults(): Promise<FaultServer> {
  const sockets = new Set<Socket>();
  let arrived = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay();
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    let received = '';
    let isBusy = false;
    const serve = (): void => {
      const size = requestSize(received);
      if (isBusy || size === undefined) return;
      received = received.slice(size);
      isBusy = true;
      const next = (): void => {
        isBusy = false;
        serve();
      };
      arrived++;
      const misdeed = misdeeds.find(([every]) => arrived % every === 0)?.[1];
      if (misdeed !== undefined) {
        misdeed(socket, next);
        return;
      }
      socket.write(good);
      next();
    };
    socket.on('data', (piece) => {
      received += piece.toString('latin1');
      serve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    arrived: () => arrived,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function requestSize(received: string): number | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const size = headEnd + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, headEnd))?.[1] ?? 0);
  return size > received.length ? undefined : size;
}

/** Byte by byte, over some 40 ms. */
function slowly(socket: Socket, text: string, done: () => void): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at === text.length) {
      clearInterval(timer);
      done();
    } else {
      socket.write(text[at++] ?? '');
    }
  }, 1);
}
