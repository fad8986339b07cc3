import { type AddressInfo, createServer, type Socket } from 'node:net';

/**
 * The entry of a process that answers every HTTP request at once with the same bytes: what is measured against it is the client
 * and the network. It tells its port to the process that forked it, and ends with it.
 */
const body = '{"model_name":"null","outputs":[{"name":"OUT","datatype":"UINT8","shape":[1],"data":[0]}]}';
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
);

/** All requests of a connection are alike: after the first only bytes are counted. */
function serve(socket: Socket): void {
  let requestBytes = 0;
  let received = 0;
  let start = '';
  socket.setNoDelay();
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    received += bytes.length;
    if (requestBytes === 0) {
      start += bytes.toString('latin1');
      requestBytes = sizeOf(start);
    }
    if (requestBytes === 0) return;
    const complete = Math.floor(received / requestBytes);
    received -= complete * requestBytes;
    if (complete > 0) socket.write(complete === 1 ? answer : Buffer.concat(Array(complete).fill(answer)));
  });
}

/** 0 while the head is not complete. */
function sizeOf(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  return headEnd === -1 ? 0 : headEnd + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
}

process.once('disconnect', () => process.exit());
if (!process.connected) process.exit(); // the parent went away before we listened
process.on('SIGINT', () => undefined); // The terminal tells all of its processes; the parent decides.
const server = createServer(serve);
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  process.send?.((server.address() as AddressInfo).port);
});
