import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { FaultServer } from './fault-server.js';

/** Accepts connections and reads, and never says a word: neither HTTP nor gRPC. */
export async function startSilentServer(): Promise<Pick<FaultServer, 'port' | typeof Symbol.asyncDispose>> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
