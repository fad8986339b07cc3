import { decodeInferResponse } from '../../../src/protocol/http-infer.js';
import type { Reply } from './caller.js';

/** The first output of an answer over HTTP. */
export const httpOutput = ({ body, headerLength }: Reply): Uint8Array | undefined =>
  body === undefined ? undefined : decodeInferResponse({ body, headerLength }).outputs[0]?.data;
