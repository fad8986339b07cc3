import { decodeModelInferResponse } from '../../../src/protocol/grpc-infer.js';
import type { Reply } from './caller.js';

/** The first output of an answer over gRPC. */
export const grpcOutput = ({ body }: Reply): Uint8Array | undefined =>
  body === undefined ? undefined : decodeModelInferResponse(body).outputs[0]?.data;
