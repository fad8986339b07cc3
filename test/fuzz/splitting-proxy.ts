import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { seededRandom } from '../../src/core/random.js';
import { cutUp, nextTurn } from './script.js';
import type { ScriptServer } from './script-server.js';

/** Passes a connection on, but cuts what the server says at random places, with a turn between the pieces. */
export async function startSplittingProxy(serverPort: number, seed: number): Promise<ScriptServer> {
  const random = seededRandom(seed);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.pipe(upstream);
    let passed = Promise.resolve();
    const pass = async (bytes: Buffer): Promise<void> => {
      for (const piece of cutUp(bytes, 1 + Math.floor(random() * 5), random)) {
        if (piece.length > 0 && !client.destroyed) client.write(piece);
        await nextTurn();
      }
    };
    upstream.on('data', (bytes) => {
      passed = passed.then(() => pass(bytes));
    });
    upstream.on('close', () => void passed.then(() => client.destroy()));
    client.on('close', () => upstream.destroy());
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
