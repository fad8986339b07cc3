import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { FaultServer } from './fault-server.js';

/** Of all reads from the server one in so many freezes its connection: it stays open, and nothing moves any more. */
const freezeEvery = 300;
/** One read in so many arrives byte by byte. */
const slowEvery = 61;
/** What comes behind these bytes of it arrives at once. */
const slowBytes = 60;

/** A way to a server on this machine that is slow at times, and freezes. `arrived` counts frozen connections. */
export async function startTroubledProxy(port: number): Promise<FaultServer> {
  const sockets = new Set<Socket>();
  let frozen = 0;
  let allReads = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let reads = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => undefined);
    }
    client.on('data', (bytes) => upstream.write(bytes));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    upstream.on('data', (bytes: Buffer) => {
      reads++;
      if (++allReads % freezeEvery === 0) {
        frozen++;
        client.pause();
        upstream.pause();
      } else if (reads % slowEvery === 0) {
        upstream.pause();
        trickle(client, bytes, () => upstream.resume());
      } else {
        client.write(bytes);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    arrived: () => frozen,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function trickle(socket: Socket, bytes: Buffer, done: () => void): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at < Math.min(slowBytes, bytes.length)) {
      socket.write(bytes.subarray(at, ++at));
      return;
    }
    clearInterval(timer);
    socket.write(bytes.subarray(at));
    done();
  }, 1);
}
