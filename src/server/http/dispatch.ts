import { headerLengthField } from '../../protocol/http-infer.js';
import type { ByteBudget } from '../byte-budget.js';
import type { HeaderPattern } from '../forwarded-headers.js';
import type { InferenceService } from '../inference-service.js';
import { isAdmitted, type Restrictions } from '../restricted-apis.js';
import { errorAnswer, type HttpAnswer } from './answer.js';
import { apiOfRoute } from './api-of-route.js';
import { decompressed, encoded, isReadableEncoding, readableEncodings } from './content-encoding.js';
import type { Headers } from './http-call.js';
import { handleInfer } from './infer-handler.js';
import type { KnownRequests } from './known-requests.js';
import { createRouter } from './router.js';
import { routes } from './routes.js';

/** The protocol's lengths are 32-bit. */
const maxBinaryBytes = 2 ** 31 - 1;

/** A request without its body. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

/** What is known about a request before its body is: an answer that needs none, or who will give it. */
export type Dispatch =
  | { readonly kind: 'answered'; readonly answer: HttpAnswer }
  | {
      readonly kind: 'accepted';
      /** The largest body that the handler takes. */
      readonly maxBytes: number;
      /** Throws or rejects with what the handler refuses. The body is only looked at until the promise settles. */
      handle(body: Buffer, signal: AbortSignal): HttpAnswer | Promise<HttpAnswer>;
    };

const findRoute = createRouter(routes);

/** What all requests to a server have in common. */
export interface DispatchOptions {
  readonly service: InferenceService;
  readonly known: KnownRequests;
  /** Limit of JSON and raw bodies in bytes; binary tensors behind a JSON header do not count, as in Triton. */
  readonly maxInputBytes: number;
  readonly restrictions: Restrictions;
  readonly forwardPattern?: HeaderPattern | undefined;
  /** Of decompressed bodies. */
  readonly budget: ByteBudget;
}

export function dispatch(head: RequestHead, options: DispatchOptions): Dispatch {
  const { maxInputBytes, restrictions } = options;
  const { headers } = head;
  const match = findRoute(head.method, head.url);
  if (match.kind === 'unknown-path') return answered(errorAnswer(404, 'Not Found'));
  if (match.kind === 'wrong-method') {
    return answered(errorAnswer(405, 'Method Not Allowed', { Allow: match.allowed.join(', ') }));
  }
  const { handler, pattern } = match.route;
  const required = restrictions.get(apiOfRoute(pattern));
  if (required !== undefined && !isAdmitted(required, (name) => headers[name])) {
    return answered(errorAnswer(403, `This API is restricted, expecting header '${required.name}'`));
  }
  const encoding = headers['content-encoding']?.toString().toLowerCase();
  if (!isReadableEncoding(encoding)) {
    return answered(errorAnswer(501, 'Unsupported compression type', { 'Accept-Encoding': readableEncodings }));
  }
  const hasBinaryPart = handler === handleInfer && headers[headerLengthField] !== undefined;
  const { service, known, forwardPattern, budget } = options;
  const answer = (body: Buffer, signal: AbortSignal) =>
    handler({ service, known, path: match.path, headers, body, maxInputBytes, signal, forwardPattern });
  const unpacked = (sent: Buffer, signal: AbortSignal) =>
    budget.within(
      maxInputBytes,
      () => decompressed(sent, encoding, maxInputBytes),
      (body) => answer(body, signal),
    );
  const answerTo = encoding === 'gzip' || encoding === 'deflate' ? unpacked : answer;
  const accepted = headers['accept-encoding']?.toString();
  return {
    kind: 'accepted',
    maxBytes: hasBinaryPart ? maxBinaryBytes : maxInputBytes,
    handle: accepted === undefined ? answerTo : async (sent, signal) => encoded(await answerTo(sent, signal), accepted),
  };
}

const answered = (answer: HttpAnswer): Dispatch => ({ kind: 'answered', answer });
