import type { Server } from 'node:net';
import type { Address } from './endpoint.js';

/**
 * Lets a server of `node:net` or `node:http` listen.
 *
 * @returns the port
 * @throws Error of `node:net` (`EADDRINUSE`, `EACCES`, ...) when it cannot
 */
export async function bind(server: Server, { host, port }: Address): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`not listening on a port: ${String(address)}`);
  return address.port;
}
