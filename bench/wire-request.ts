import { encodeModelInferResponse } from '../src/protocol/grpc-infer.js';
import { type InferRequest, noParameters } from '../src/protocol/infer.js';

const tensor = (name: string, sizeBytes: number) => ({
  name,
  datatype: 'UINT8' as const,
  shape: [sizeBytes],
  data: Buffer.alloc(sizeBytes, 1),
  parameters: noParameters,
});

/** A request with one tensor. */
export const benchRequest = (sizeBytes: number): InferRequest => ({
  modelName: 'bench',
  modelVersion: '',
  id: '',
  parameters: noParameters,
  inputs: [tensor('IN', sizeBytes)],
  outputs: [],
});

/** What a gRPC server would answer: the message with its prefix. */
export function benchAnswer(sizeBytes: number): Buffer {
  const message = encodeModelInferResponse({
    modelName: 'bench',
    modelVersion: '1',
    id: '',
    parameters: noParameters,
    outputs: [tensor('OUT', sizeBytes)],
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
