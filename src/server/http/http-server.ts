import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { headerLengthField } from '../../protocol/http-infer.js';
import type { Address, Endpoint } from '../endpoint.js';
import type { InferenceService } from '../inference-service.js';
import { type Log, refusalOf } from '../refusal-of.js';
import { errorAnswer, type HttpAnswer, refusalAnswer } from './answer.js';
import { answerBrokenRequest } from './broken-request.js';
import { decompressed, isReadableEncoding, readableEncodings } from './content-encoding.js';
import { handleInfer } from './infer-handler.js';
import { listen } from './listening.js';
import { BodyCutShortError, readBody } from './request-body.js';
import { createRouter } from './router.js';
import { routes } from './routes.js';

/** The protocol's lengths are 32-bit. */
const maxBinaryBytes = 2 ** 31 - 1;
const lingerMs = 1_000;

/** How long a client may take, in milliseconds. */
interface Patience {
  /** For the headers of a request; a connection that sends nothing at all has as long. */
  readonly headersMs: number;
  /** For a whole request. */
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
  readonly patience?: Patience;
  readonly log: Log;
}

/** What one connection shares with the requests on it. */
interface Context {
  readonly service: InferenceService;
  readonly options: HttpOptions;
  isClosing: boolean;
  /** Aborted when the connection closes: HTTP/1.1 has no other way to cancel. */
  readonly gone: WeakMap<Socket, AbortController>;
}

const findRoute = createRouter(routes);

/**
 * Serves the v2 protocol over HTTP/REST until it is closed. Whatever a client sends, every answer of a failure is
 * JSON with the member `error`.
 *
 * @throws Error of `node:net` when it cannot listen
 */
export async function startHttpServer(service: InferenceService, options: HttpOptions): Promise<Endpoint> {
  const context: Context = { service, options, isClosing: false, gone: new WeakMap() };
  const { headersMs, requestMs, idleMs, checkMs } = options.patience ?? defaultPatience;
  const server = createServer(
    {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: checkMs,
      requireHostHeader: false,
    },
    (request, response) => void serve(request, response, context),
  );
  server.on('connection', (socket: Socket) => {
    const controller = new AbortController();
    context.gone.set(socket, controller);
    socket.once('close', () => controller.abort());
  });
  server.on('checkExpectation', (_request, response: ServerResponse) =>
    send(response, errorAnswer(417, 'Expectation Failed'), context),
  );
  server.on('clientError', answerBrokenRequest);
  const endpoint = await listen(server, options);
  return {
    port: endpoint.port,
    close: (graceMs) => {
      context.isClosing = true;
      return endpoint.close(graceMs);
    },
  };
}

/** Answers one request; never rejects. */
async function serve(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  try {
    send(response, await answer(request, context), context);
  } catch (thrown) {
    if (thrown instanceof BodyCutShortError) return; // nobody is left to be told
    const refused = refusalAnswer(refusalOf(thrown, context.options.log));
    if (response.headersSent) response.destroy();
    else if (request.complete) send(response, refused, context);
    else sendBeforeBodyEnds(request, response, refused);
  }
}

async function answer(request: IncomingMessage, context: Context): Promise<HttpAnswer> {
  const { service, options } = context;
  if (context.isClosing) return errorAnswer(503, 'Server exiting');
  const match = findRoute(request.method ?? '', request.url ?? '');
  if (match.kind === 'unknown-path') return errorAnswer(404, 'Not Found');
  if (match.kind === 'wrong-method') {
    return errorAnswer(405, 'Method Not Allowed', { Allow: match.allowed.join(', ') });
  }
  const { headers } = request;
  const hasBinaryPart = match.handler === handleInfer && headers[headerLengthField] !== undefined;
  const encoding = headers['content-encoding'];
  if (!isReadableEncoding(encoding)) {
    return errorAnswer(501, 'Unsupported compression type', { 'Accept-Encoding': readableEncodings });
  }
  const sent = await readBody(request, hasBinaryPart ? maxBinaryBytes : options.maxInputBytes);
  const body = encoding === undefined ? sent : await decompressed(sent, encoding, options.maxInputBytes);
  const signal = context.gone.get(request.socket)?.signal ?? AbortSignal.abort();
  return match.handler({ service, path: match.path, headers, body, maxInputBytes: options.maxInputBytes, signal });
}

function send(response: ServerResponse, { status, body, headers }: HttpAnswer, context: Context): void {
  if (context.isClosing) response.shouldKeepAlive = false;
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/**
 * Answers while the client still sends. Closing at once would reset the connection and lose the answer, so what
 * comes is thrown away for a moment.
 */
function sendBeforeBodyEnds(request: IncomingMessage, response: ServerResponse, answered: HttpAnswer): void {
  const { status, body, headers } = answered;
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
  response.write(body);
  const end = () => response.end();
  const timer = setTimeout(end, lingerMs);
  request.once('close', () => clearTimeout(timer));
  request.once('end', end);
  request.resume();
}
