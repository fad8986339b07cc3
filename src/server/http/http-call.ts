import { noParameters, type Parameters } from '../../protocol/infer.js';
import { forwardedFrom, type HeaderPattern } from '../forwarded-headers.js';
import type { InferenceService, ModelReference } from '../inference-service.js';
import type { HttpAnswer } from './answer.js';
import type { KnownRequests } from './known-requests.js';

/** By lower-case name; a list where the header may come more than once. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One request with its whole body, as a handler sees it. */
export interface HttpCall {
  readonly service: InferenceService;
  readonly known: KnownRequests;
  /** What the placeholders of the route's pattern stand for. */
  readonly path: ReadonlyMap<string, string>;
  readonly headers: Headers;
  /** Headers that become parameters of inferences. */
  readonly forwardPattern: HeaderPattern | undefined;
  /** Only looked at until the answer is there. */
  readonly body: Buffer;
  /** `--http-max-input-size`, in bytes. */
  readonly maxInputBytes: number;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

export type HttpHandler = (call: HttpCall) => HttpAnswer | Promise<HttpAnswer>;

/** The model version that the path names; without a version segment the server chooses. */
export const modelOf = ({ path }: HttpCall): ModelReference => ({
  name: path.get('model') ?? '',
  version: path.get('version') ?? '',
});

/** The headers of an inference that become parameters of it. */
export const forwardedIn = ({ headers, forwardPattern }: HttpCall): Parameters =>
  forwardPattern === undefined ? noParameters : forwardedFrom(Object.entries(headers), forwardPattern);
