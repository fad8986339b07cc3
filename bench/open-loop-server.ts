import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';

/**
 * A server with a known behaviour, which `open-loop.ts` pins to a core: `open-loop-server.js http|grpc BEHAVIOUR` prints
 * its port. It answers every request, whatever it is.
 */
const [protocol = '', behaviour = ''] = process.argv.slice(2);
const serviceMs = 50;

let lastEnd = 0;

/** Calls `answer` when the behaviour says so. */
const behaviours: Readonly<Record<string, (answer: () => void) => void>> = {
  fast: (answer) => answer(),
  slow: (answer) => void setTimeout(answer, serviceMs),
  serial: (answer) => {
    lastEnd = Math.max(lastEnd, performance.now()) + serviceMs;
    setTimeout(answer, lastEnd - performance.now());
  },
};

const serve = behaviours[behaviour];
if (serve === undefined) throw new RangeError(`unknown behaviour ${behaviour}`);

const emptyMessage = Buffer.alloc(5);
const answerCall = (stream: ServerHttp2Stream): void => {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(emptyMessage);
};

/**
 * A read is a request: they are small, and a connection has one at a time. To answer so takes microseconds, as the analytic
 * times of a stall suppose; `node:http` would take 25 ms to accept and answer what has gathered in half a second.
 */
const httpAnswer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

const server =
  protocol === 'http'
    ? createServer({ noDelay: true }, (socket) => {
        socket.on('error', () => undefined);
        socket.on('data', () => serve(() => socket.write(httpAnswer)));
      })
    : createHttp2Server().on('stream', (stream) => {
        stream.resume();
        serve(() => answerCall(stream));
      });
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`),
);
