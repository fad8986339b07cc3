import { type ResponseMessage, responseFromMessage, responseMessage } from './grpc-infer.js';
import type { InferResponse } from './infer.js';
import { decodeMessage, messageType } from './schema.js';

const streamResponseType = messageType('inference.ModelStreamInferResponse');

/** Asks a server to say of a request without a response, too, that it has ended: with an empty last response. */
export const emptyFinalResponseKey = 'triton_enable_empty_final_response';

/** Says of a response whether it is the last one of its request. */
export const finalResponseKey = 'triton_final_response';

/** One message of the answers of `ModelStreamInfer`. */
export interface StreamResponse {
  /** Why the request failed; empty when it did not. */
  readonly errorMessage: string;
  /** Of a failed request only the names, the id and parameters. */
  readonly response: InferResponse;
}

/** Encodes `ModelStreamInferResponse`, outputs as in `encodeModelInferResponse`. */
export const encodeStreamResponse = ({ errorMessage, response }: StreamResponse): Uint8Array =>
  streamResponseType
    .encode({
      ...(errorMessage === '' ? {} : { error_message: errorMessage }),
      infer_response: responseMessage(response),
    })
    .finish();

/**
 * Decodes `ModelStreamInferResponse`; raw outputs are views of `bytes`.
 *
 * @throws ProtocolError when the bytes are not the message, or the message breaks the protocol
 */
export function decodeStreamResponse(bytes: Uint8Array): StreamResponse {
  const message = decodeMessage(streamResponseType, bytes) as unknown as {
    readonly error_message: string;
    readonly infer_response: ResponseMessage | null;
  };
  return {
    errorMessage: message.error_message,
    response: responseFromMessage(message.infer_response ?? noResponse),
  };
}

const noResponse: ResponseMessage = {
  model_name: '',
  model_version: '',
  id: '',
  parameters: {},
  outputs: [],
  raw_output_contents: [],
};
