import { createServer, type IncomingHttpHeaders, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that passed, and its answer. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly answer: Buffer;
  readonly answered: IncomingHttpHeaders;
}

export interface Witness extends AsyncDisposable {
  readonly port: number;
  readonly seen: readonly Seen[];
}

/**
 * Stands between the client and a server, and writes down what passes.
 *
 * @param answerItself for requests that the server shall not see: the body of the answer
 */
export async function startWitness(
  port: string,
  answerItself: (path: string, body: Buffer) => string | undefined = () => undefined,
): Promise<Witness> {
  const seen: Seen[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const { method = '', url: path = '', headers } = incoming;
    const own = answerItself(path, body);
    if (own !== undefined) {
      seen.push({ method, path, headers, body, answer: Buffer.from(own), answered: {} });
      outgoing.end(own);
      return;
    }
    const passed = send({ host: '127.0.0.1', port, method, path, headers }, async (reply) => {
      const parts: Buffer[] = [];
      for await (const part of reply) parts.push(part);
      const answer = Buffer.concat(parts);
      seen.push({ method, path, headers, body, answer, answered: reply.headers });
      outgoing.writeHead(reply.statusCode ?? 0, reply.headers);
      outgoing.end(answer);
    });
    passed.end(body);
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  return {
    seen,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
