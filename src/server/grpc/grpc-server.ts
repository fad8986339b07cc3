import type { EventEmitter } from 'node:events';
import {
  logVerbosity,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  setLogVerbosity,
} from '@grpc/grpc-js';
import type { Address, Endpoint } from '../endpoint.js';
import type { InferenceService } from '../inference-service.js';
import { RefusalError } from '../refusal.js';
import { type Log, refusalOf } from '../refusal-of.js';
import { refusalStatus } from './status.js';
import { type UnaryMethod, unaryMethods } from './unary-methods.js';

export interface GrpcOptions extends Address {
  readonly log: Log;
}

const maxMessageBytes = 2 ** 31 - 1;
const streamInfer = '/inference.GRPCInferenceService/ModelStreamInfer';

/**
 * Serves the v2 protocol and the gRPC health service over gRPC without encryption until it is closed. This is the
 * only module that knows `@grpc/grpc-js`: calls are bytes in, bytes out everywhere else.
 *
 * @throws Error when it cannot listen
 */
export async function startGrpcServer(service: InferenceService, options: GrpcOptions): Promise<Endpoint> {
  setLogVerbosity(logVerbosity.NONE); // it prints what it also throws
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
  });
  for (const [path, method] of unaryMethods(service)) {
    server.addService({ [path]: definition(path, 'unary') }, { [path]: unaryHandler(method, options.log) });
  }
  server.addService(
    { [streamInfer]: definition(streamInfer, 'stream') },
    { [streamInfer]: (call: EventEmitter) => call.emit('error', notStreaming) },
  );
  const port = await bind(server, options);
  return { port, close: (graceMs) => closeServer(server, graceMs) };
}

const notStreaming = refusalStatus(new RefusalError('unsupported', 'this server does not support ModelStreamInfer'));

const asBytes = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const definition = (path: string, kind: 'unary' | 'stream'): MethodDefinition<Uint8Array, Uint8Array> => ({
  path,
  requestStream: kind === 'stream',
  responseStream: kind === 'stream',
  requestSerialize: asBytes,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: asBytes,
  responseDeserialize: (bytes) => bytes,
});

const unaryHandler =
  (method: UnaryMethod, log: Log) =>
  (call: ServerUnaryCall<Uint8Array, Uint8Array>, answer: sendUnaryData<Uint8Array>): void => {
    const controller = new AbortController();
    call.once('cancelled', () => controller.abort());
    void settle(() => method(call.request, controller.signal)).then(
      (response) => answer(null, response),
      (thrown: unknown) => answer(refusalStatus(refusalOf(thrown, log))),
    );
  };

/** A throw before the first await is a rejection like any other. */
const settle = async (run: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> => run();

function bind(server: Server, { host, port }: Address): Promise<number> {
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}
