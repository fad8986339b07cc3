import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `echo-server.js` answers every POST over `node:http` with its own body, and prints its port. */
const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => response.end(Buffer.concat(pieces)));
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
