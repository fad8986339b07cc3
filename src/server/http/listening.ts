import type { Server } from 'node:http';
import { bind } from '../bind.js';
import type { Address, Endpoint } from '../endpoint.js';

/**
 * Lets a `node:http` server listen.
 *
 * @throws Error of `node:net` (`EADDRINUSE`, `EACCES`, ...) when it cannot
 */
export async function listen(server: Server, address: Address): Promise<Endpoint> {
  const port = await bind(server, address);
  return { port, close: (graceMs) => closeServer(server, graceMs) };
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
