import { decodeModelInferRequest } from '../../protocol/grpc-infer.js';
import { emptyFinalResponseKey } from '../../protocol/grpc-stream.js';
import type { InferRequest } from '../../protocol/infer.js';
import { RefusalError } from '../refusal.js';
import { modelVersionFrom } from './model-version.js';

/** What a `ModelInferRequest` asks for. */
export interface ReadRequest {
  readonly request: InferRequest;
  /** Whether the end of a decoupled answer is to be told in a message of its own, if it comes without a response. */
  readonly wantsEmptyFinal: boolean;
}

/**
 * The inference that a `ModelInferRequest` asks for. The one parameter with a reserved name that a client may send says
 * how it wants to learn the end of an answer, and is of no interest to the model: it is left out.
 *
 * @throws ProtocolError when the bytes are not the message, or the message breaks the protocol
 * @throws RefusalError `invalid-argument` for a version or a reserved parameter of the wrong type
 */
export function readInferRequest(bytes: Uint8Array): ReadRequest {
  const request = decodeModelInferRequest(bytes);
  modelVersionFrom(request.modelVersion);
  const wantsEmptyFinal = request.parameters.get(emptyFinalResponseKey);
  if (wantsEmptyFinal === undefined) return { request, wantsEmptyFinal: false };
  if (typeof wantsEmptyFinal !== 'boolean') {
    throw new RefusalError(
      'invalid-argument',
      `invalid value type for '${emptyFinalResponseKey}' parameter, expected bool_param.`,
    );
  }
  const parameters = new Map(request.parameters);
  parameters.delete(emptyFinalResponseKey);
  return { request: { ...request, parameters }, wantsEmptyFinal };
}
