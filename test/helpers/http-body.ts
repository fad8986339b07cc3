import { encodeInferResponse, type HttpBody } from '../../src/protocol/http-infer.js';
import type { InferResponse } from '../../src/protocol/infer.js';

/** The body of a response as it travels, in one piece. */
export function httpBodyOf(response: InferResponse, isBinary: (output: string) => boolean): HttpBody {
  const { json, tensors } = encodeInferResponse(response, isBinary);
  const body = Buffer.concat([Buffer.from(json), ...tensors]);
  return { body, headerLength: tensors.length === 0 ? undefined : Buffer.byteLength(json) };
}
