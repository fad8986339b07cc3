import { openModelInferRequest } from '../../protocol/grpc-infer.js';
import { emptyFinalResponseKey } from '../../protocol/grpc-stream.js';
import type { InferRequest } from '../../protocol/infer.js';
import type { InferenceService } from '../inference-service.js';
import { modelVersionFrom } from './model-version.js';

/** What a `ModelInferRequest` asks for. */
export interface ReadRequest {
  readonly request: InferRequest;
  /** Whether its model gives any number of responses. */
  readonly isDecoupled: boolean;
  /** Whether the end of a decoupled answer is to be told in a message of its own, if it comes without a response. */
  readonly wantsEmptyFinal: boolean;
}

/**
 * The inference that a `ModelInferRequest` asks for. The one parameter with a reserved name that a client may send says
 * how it wants to learn the end of an answer, and is of no interest to the model: it is left out.
 *
 * @throws ProtocolError when the bytes are not the message, or the message breaks the protocol
 * @throws RefusalError `invalid-argument` for a version that is none, and as `isDecoupled` for a model that is not served
 */
export function readInferRequest(bytes: Uint8Array, models: Pick<InferenceService, 'isDecoupled'>): ReadRequest {
  const opened = openModelInferRequest(bytes);
  const version = modelVersionFrom(opened.modelVersion);
  const isDecoupled = models.isDecoupled({ name: opened.modelName, version });
  const request = opened.read();
  const wantsEmptyFinal = request.parameters.get(emptyFinalResponseKey);
  if (wantsEmptyFinal === undefined) return { request, isDecoupled, wantsEmptyFinal: false };
  const parameters = new Map(request.parameters);
  parameters.delete(emptyFinalResponseKey);
  return { request: { ...request, parameters }, isDecoupled, wantsEmptyFinal: wantsEmptyFinal === true };
}
