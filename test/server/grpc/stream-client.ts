import { type Client, type ClientDuplexStream, Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { decodeStreamResponse, type StreamResponse } from '../../../src/protocol/grpc-stream.js';

/** `ModelStreamInfer` as a client of `@grpc/grpc-js` sees it. */
export interface StreamClient {
  readonly responses: readonly StreamResponse[];
  readonly call: ClientDuplexStream<Uint8Array, Buffer>;
  /** Resolves when so many responses have come. */
  received(count: number): Promise<readonly StreamResponse[]>;
  /** Resolves with the status of the call. */
  readonly ended: Promise<Pick<StatusObject, 'code' | 'details'>>;
}

export const streamPath = '/inference.GRPCInferenceService/ModelStreamInfer';

export function openStream(client: Client, { deadlineMs }: { readonly deadlineMs?: number } = {}): StreamClient {
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  const call = client.makeBidiStreamRequest(
    streamPath,
    (bytes: Uint8Array) => Buffer.from(bytes),
    (bytes: Buffer) => bytes,
    new Metadata(),
    options,
  );
  const responses: StreamResponse[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  call.on('data', (bytes: Buffer) => {
    responses.push(decodeStreamResponse(bytes));
    for (const { count, resolve } of waiting) if (responses.length >= count) resolve();
  });
  const ended = new Promise<Pick<StatusObject, 'code' | 'details'>>((resolve) => {
    call.once('error', (error) => {
      const { code, details } = error as ServiceError;
      resolve({ code, details });
    });
    call.once('status', ({ code, details }: StatusObject) => resolve({ code, details }));
  });
  return {
    responses,
    call,
    ended,
    received: async (count) => {
      if (responses.length < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      return responses.slice(0, count);
    },
  };
}
