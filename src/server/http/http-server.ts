import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { decompressionBudget } from '../decompressing.js';
import type { Address, Endpoint } from '../endpoint.js';
import type { HeaderPattern } from '../forwarded-headers.js';
import type { InferenceService } from '../inference-service.js';
import { type Log, refusalOf } from '../refusal-of.js';
import type { Restrictions } from '../restricted-apis.js';
import { errorAnswer, type HttpAnswer, refusalAnswer, wholeBody } from './answer.js';
import { answerBrokenRequest } from './broken-request.js';
import { type DispatchOptions, dispatch } from './dispatch.js';
import { encodeAnswer } from './encode-answer.js';
import { KnownRequests } from './known-requests.js';
import { listen } from './listening.js';
import { PlainConnections } from './plain-connections.js';
import { BodyCutShortError, readBody } from './request-body.js';

const lingerMs = 1_000;

/** How long a client may take, in milliseconds. */
export interface Patience {
  /** For the headers of a request; a connection that sends nothing at all has as long. */
  readonly headersMs: number;
  /** For a whole request, and without taking any of an answer. */
  readonly requestMs: number;
  /** Between two requests. */
  readonly idleMs: number;
  /** How often the first two are checked. */
  readonly checkMs: number;
}

const defaultPatience: Patience = { headersMs: 20_000, requestMs: 300_000, idleMs: 600_000, checkMs: 5_000 };

export interface HttpOptions extends Address {
  /** Limit of JSON and raw bodies in bytes; binary tensors behind a JSON header do not count, as in Triton. */
  readonly maxInputBytes: number;
  readonly restrictions?: Restrictions;
  /** Headers that become parameters of inferences. */
  readonly forwardPattern?: HeaderPattern | undefined;
  readonly patience?: Patience;
  readonly log: Log;
}

/** What one connection shares with the requests on it. */
interface Context {
  readonly dispatching: DispatchOptions;
  readonly log: Log;
  /** How long a client may take nothing of an answer that waits for it, in milliseconds. */
  readonly takingMs: number;
  isClosing: boolean;
  /** Aborted when the client closes the connection, or its side of it: HTTP/1.1 has no other way to cancel. */
  readonly gone: WeakMap<Socket, AbortController>;
}

/**
 * Serves the v2 protocol over HTTP/REST until it is closed. Whatever a client sends, every answer of a failure is
 * JSON with the member `error`.
 *
 * Usual requests are read by `PlainConnections`; a connection on which something else comes goes to `node:http`.
 *
 * @throws Error of `node:net` when it cannot listen
 */
export async function startHttpServer(service: InferenceService, options: HttpOptions): Promise<Endpoint> {
  const { maxInputBytes, log, restrictions = new Map(), forwardPattern } = options;
  const dispatching: DispatchOptions = {
    service,
    known: new KnownRequests(),
    maxInputBytes,
    restrictions,
    forwardPattern,
    budget: decompressionBudget(),
  };
  const patience = options.patience ?? defaultPatience;
  const context: Context = { dispatching, log, takingMs: patience.requestMs, isClosing: false, gone: new WeakMap() };
  const server = createServer(
    {
      headersTimeout: patience.headersMs,
      requestTimeout: patience.requestMs,
      keepAliveTimeout: patience.idleMs,
      connectionsCheckingInterval: patience.checkMs,
      requireHostHeader: false,
    },
    (request, response) => void serve(request, response, context),
  );
  server.on(
    'checkExpectation',
    (_request, response: ServerResponse) => void send(response, errorAnswer(417, 'Expectation Failed'), context),
  );
  // Not in the types of Node: clients that end their side after the request are answered.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('clientError', answerBrokenRequest);
  server.on('connect', (_request, socket) => {
    socket.end(Buffer.concat(encodeAnswer(errorAnswer(405, 'Method Not Allowed'), { isLast: true })));
  });
  const takeOver = server.listeners('connection');
  server.removeAllListeners('connection');
  const connections = new PlainConnections({
    dispatching,
    patience,
    log,
    handOver: (socket, gone) => {
      context.gone.set(socket, gone);
      for (const listener of takeOver) listener.call(server, socket);
    },
  });
  server.on('connection', (accepted: Socket) => connections.add(accepted));
  const endpoint = await listen(server, options);
  return {
    port: endpoint.port,
    close: async (graceMs) => {
      context.isClosing = true;
      connections.close(graceMs);
      await endpoint.close(graceMs);
    },
  };
}

/** Answers one request; never rejects. */
async function serve(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  try {
    await send(response, await answer(request, context), context);
  } catch (thrown) {
    if (thrown instanceof BodyCutShortError) return; // nobody is left to be told
    const refused = refusalAnswer(refusalOf(thrown, context.log));
    if (response.headersSent) response.destroy();
    else if (request.complete) await send(response, refused, context);
    else sendBeforeBodyEnds(request, response, refused);
  }
}

async function answer(request: IncomingMessage, context: Context): Promise<HttpAnswer> {
  if (context.isClosing) return errorAnswer(503, 'Server exiting');
  const { method = '', url = '', headers } = request;
  const dispatched = dispatch({ method, url: originForm(url), headers }, context.dispatching);
  if (dispatched.kind === 'answered') return dispatched.answer;
  const body = await readBody(request, dispatched.maxBytes);
  return await dispatched.handle(body, context.gone.get(request.socket)?.signal ?? AbortSignal.abort());
}

/** A client may name the whole URL, as to a proxy (RFC 9112, 3.2.2). */
const originForm = (url: string): string => url.replace(/^https?:\/\/[^/?#]*/i, '');

async function send(response: ServerResponse, answered: HttpAnswer, context: Context): Promise<void> {
  const { status, headers, rest } = answered;
  const body = wholeBody(answered);
  if (context.isClosing) response.shouldKeepAlive = false;
  if (rest === undefined) {
    response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
    if (!response.writableFinished) response.setTimeout(context.takingMs); // until it waits for the next request
    return;
  }
  response.writeHead(status, headers);
  response.write(body);
  for await (const text of rest) {
    if (response.destroyed) return;
    if (response.write(text)) continue;
    response.setTimeout(context.takingMs);
    await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
    response.setTimeout(0);
  }
  response.end();
}

/**
 * Answers while the client still sends. Closing at once would reset the connection and lose the answer, so what
 * comes is thrown away for a moment.
 */
function sendBeforeBodyEnds(request: IncomingMessage, response: ServerResponse, answered: HttpAnswer): void {
  const { status, headers } = answered;
  const body = wholeBody(answered);
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
  response.write(body);
  const end = () => response.end();
  const timer = setTimeout(end, lingerMs);
  request.once('close', () => clearTimeout(timer));
  request.once('end', end);
  request.resume();
}
