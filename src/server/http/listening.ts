import type { Server } from 'node:http';
import type { Address, Endpoint } from '../endpoint.js';

/**
 * Lets a `node:http` server listen.
 *
 * @throws Error of `node:net` (`EADDRINUSE`, `EACCES`, ...) when it cannot
 */
export async function listen(server: Server, { host, port }: Address): Promise<Endpoint> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`not listening on a port: ${String(address)}`);
  return { port: address.port, close: (graceMs) => closeServer(server, graceMs) };
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
