import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import { decodeModelInferResponse, encodeModelInferRequest } from '../../src/protocol/grpc-infer.js';
import { finalResponseKey } from '../../src/protocol/grpc-stream.js';
import type { ModelIndexEntry, ModelMetadata, ServerMetadata } from '../../src/protocol/metadata.js';
import { modelConfigFromMessage } from '../../src/protocol/model-config-codec.js';
import { messageType } from '../../src/protocol/schema.js';
import type { ModelStatistics } from '../../src/protocol/statistics.js';
import { grpcCode } from '../../src/server/grpc/status.js';
import type { InferenceService, LoadParameter } from '../../src/server/inference-service.js';
import type { Refusal } from '../../src/server/refusal.js';
import { startServer } from '../../src/server/start-server.js';
import { openStream } from '../server/grpc/stream-client.js';
import { type ContractClient, RefusedError } from './contract-client.js';

type Log = (line: string) => void;

/** Serves a service over gRPC on a free port and talks to it with `@grpc/grpc-js`. */
export const connectOverGrpc = async (service: InferenceService, log: Log): Promise<ContractClient> =>
  (await connect(service, log)).contract;

/** The same, with all inferences on one stream. An answer in a stream has no status, so any reason will do. */
export async function connectOverGrpcStream(service: InferenceService, log: Log): Promise<ContractClient> {
  const { contract, client } = await connect(service, log);
  const stream = openStream(client);
  let asked = 0;
  return {
    ...contract,
    infer: async (request, form) => {
      const index = asked++;
      stream.call.write(encodeModelInferRequest(request, form === 'typed' ? 'typed' : 'raw'));
      const answer = (await stream.received(index + 1))[index];
      if (answer === undefined) throw new Error('no answer');
      if (answer.errorMessage !== '') throw new RefusedError(Object.keys(grpcCode) as Refusal[], answer.errorMessage);
      const parameters = new Map(answer.response.parameters);
      parameters.delete(finalResponseKey);
      return { ...answer.response, parameters };
    },
    [Symbol.asyncDispose]: async () => {
      stream.call.end();
      await stream.ended;
      await contract[Symbol.asyncDispose]();
    },
  };
}

async function connect(
  service: InferenceService,
  log: Log,
): Promise<{ readonly contract: ContractClient; readonly client: Client }> {
  const server = await startServer(service, { grpcPort: 0, allowHttp: false, allowMetrics: false, log });
  const client = new Client(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });

  const callBytes = (rpc: string, request: Uint8Array): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const path = `/inference.GRPCInferenceService/${rpc}`;
      const asIs = (bytes: Uint8Array) => Buffer.from(bytes);
      client.makeUnaryRequest(
        path,
        asIs,
        (bytes) => bytes,
        request,
        (error, reply) => {
          if (error !== null) reject(refused(error));
          else if (reply === undefined) reject(new Error('neither error nor reply'));
          else resolve(reply);
        },
      );
    });
  const callMessage = async (rpc: string, request: object = {}): Promise<protobuf.Message> => {
    const requestType = messageType(`inference.${rpc}Request`);
    const bytes = requestType.encode(requestType.fromObject(request)).finish();
    return messageType(`inference.${rpc}Response`).decode(await callBytes(rpc, bytes));
  };
  const call = async (rpc: string, request: object = {}): Promise<Record<string, unknown>> =>
    messageType(`inference.${rpc}Response`).toObject(await callMessage(rpc, request), {
      defaults: true,
      longs: Number,
    });

  const contract: ContractClient = {
    forms: ['raw', 'typed'],
    isLive: async () => (await call('ServerLive'))['live'] === true,
    isReady: async () => (await call('ServerReady'))['ready'] === true,
    isModelReady: async (model) => (await call('ModelReady', model))['ready'] === true,
    serverMetadata: async () => (await call('ServerMetadata')) as unknown as ServerMetadata,
    modelMetadata: async (model) => (await call('ModelMetadata', model)) as unknown as ModelMetadata,
    modelConfig: async (model) => {
      const reply = (await callMessage('ModelConfig', model)) as unknown as { readonly config: protobuf.Message };
      return modelConfigFromMessage(reply.config);
    },
    statistics: async (model) => (await call('ModelStatistics', model))['model_stats'] as readonly ModelStatistics[],
    repositoryIndex: async ({ readyOnly }) =>
      ((await call('RepositoryIndex', { ready: readyOnly }))['models'] as readonly ModelIndexEntry[]).map(withoutEmpty),
    loadModel: async (name, parameters) => {
      await call('RepositoryModelLoad', { model_name: name, parameters: parameterMessages(parameters) });
    },
    unloadModel: async (name, { unloadDependents }) => {
      const parameters = { unload_dependents: { bool_param: unloadDependents } };
      await call('RepositoryModelUnload', { model_name: name, parameters });
    },
    infer: async (request, form) =>
      decodeModelInferResponse(
        await callBytes('ModelInfer', encodeModelInferRequest(request, form === 'typed' ? 'typed' : 'raw')),
      ),
    [Symbol.asyncDispose]: async () => {
      client.close();
      await server[Symbol.asyncDispose]();
    },
  };
  return { contract, client };
}

/** A row of the index that has only a name has empty strings over gRPC. */
const withoutEmpty = (entry: ModelIndexEntry): ModelIndexEntry => (entry.version === '' ? { name: entry.name } : entry);

const parameterMessages = (parameters: ReadonlyMap<string, LoadParameter>) =>
  Object.fromEntries([...parameters].map(([key, value]) => [key, parameterMessage(value)]));

function parameterMessage(value: LoadParameter) {
  if (typeof value === 'string') return { string_param: value };
  if (typeof value === 'boolean') return { bool_param: value };
  return typeof value === 'number' ? { int64_param: value } : { bytes_param: value };
}

function refused({ code, details }: ServiceError): RefusedError {
  return new RefusedError(
    (Object.keys(grpcCode) as Refusal[]).filter((reason) => grpcCode[reason] === code),
    details,
  );
}
