import type { Refusal, RefusalError } from '../refusal.js';

/** A complete HTTP answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer | string;
  /** Binary tensors, which follow the body. */
  readonly tensors?: readonly Uint8Array[];
  /** Beside `Content-Length`, which follows from body and tensors. */
  readonly headers: Readonly<Record<string, string | number>>;
  /** It is never compressed, whatever the client accepts. */
  readonly isIdentity?: boolean;
  /** What follows the body as it comes; then the answer is sent in chunks. */
  readonly rest?: AsyncIterable<string> | undefined;
}

/** The body with its tensors, as one. */
export function wholeBody({ body, tensors = [] }: HttpAnswer): Buffer | string {
  if (tensors.length === 0) return body;
  return Buffer.concat([typeof body === 'string' ? Buffer.from(body) : body, ...tensors]);
}

/** The status of every reason to refuse (v2 protocol as Triton maps it). */
export const httpStatus: Readonly<Record<Refusal, number>> = {
  'invalid-argument': 400,
  'not-found': 404,
  'already-exists': 400,
  unavailable: 503,
  unsupported: 501,
  cancelled: 400,
  internal: 500,
};

const jsonHeaders = { 'Content-Type': 'application/json' };

/** 200 without a body. */
export const emptyAnswer: HttpAnswer = { status: 200, body: '', headers: {} };

/** 200 with a value as JSON. */
export const jsonAnswer = (value: unknown): HttpAnswer => ({
  status: 200,
  body: JSON.stringify(value),
  headers: jsonHeaders,
});

/** Any failure: the body is always an object with the single member `error`. */
export const errorAnswer = (
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => ({ status, body: JSON.stringify({ error }), headers: { ...jsonHeaders, ...headers } });

/** The answer to a refused request. */
export const refusalAnswer = ({ reason, message }: RefusalError): HttpAnswer =>
  errorAnswer(httpStatus[reason], message);
