import { headerLengthField } from '../../protocol/http-infer.js';
import type { InferenceService } from '../inference-service.js';
import { errorAnswer, type HttpAnswer } from './answer.js';
import { decompressed, encoded, isReadableEncoding, readableEncodings } from './content-encoding.js';
import type { Headers } from './http-call.js';
import { handleInfer } from './infer-handler.js';
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
      /** Rejects with what the handler refuses. The body is only looked at until the promise settles. */
      handle(body: Buffer, signal: AbortSignal): Promise<HttpAnswer>;
    };

const findRoute = createRouter(routes);

/** @param maxInputBytes limit of JSON and raw bodies; binary tensors behind a JSON header do not count, as in Triton */
export function dispatch(head: RequestHead, service: InferenceService, maxInputBytes: number): Dispatch {
  const { headers } = head;
  const match = findRoute(head.method, head.url);
  if (match.kind === 'unknown-path') return answered(errorAnswer(404, 'Not Found'));
  if (match.kind === 'wrong-method') {
    return answered(errorAnswer(405, 'Method Not Allowed', { Allow: match.allowed.join(', ') }));
  }
  const encoding = headers['content-encoding'];
  if (typeof encoding === 'object' || !isReadableEncoding(encoding)) {
    return answered(errorAnswer(501, 'Unsupported compression type', { 'Accept-Encoding': readableEncodings }));
  }
  const hasBinaryPart = match.handler === handleInfer && headers[headerLengthField] !== undefined;
  return {
    kind: 'accepted',
    maxBytes: hasBinaryPart ? maxBinaryBytes : maxInputBytes,
    handle: async (sent, signal) => {
      const body = encoding === undefined ? sent : await decompressed(sent, encoding, maxInputBytes);
      const answer = await match.handler({ service, path: match.path, headers, body, maxInputBytes, signal });
      return encoded(answer, headers['accept-encoding']?.toString());
    },
  };
}

const answered = (answer: HttpAnswer): Dispatch => ({ kind: 'answered', answer });
