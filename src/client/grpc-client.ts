import { Client, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { decodeModelInferResponse, encodeModelInferRequest } from '../protocol/grpc-infer.js';
import { sharedOutputs } from '../protocol/infer.js';
import type { ModelIndexEntry, ModelMetadata, ServerMetadata } from '../protocol/metadata.js';
import type { ModelConfig } from '../protocol/model-config.js';
import { modelConfigFromMessage } from '../protocol/model-config-codec.js';
import { messageType } from '../protocol/schema.js';
import type { ModelStatistics } from '../protocol/statistics.js';
import type { ConnectionOptions } from './connection.js';
import { credentialsOf } from './grpc-credentials.js';
import { connectionText, isConnectionFailure } from './grpc-failure.js';
import { authorityOf, metadataOf } from './grpc-metadata.js';
import { type ModelVersion, type V2Client, V2Error } from './v2-client.js';

export interface GrpcClientOptions extends ConnectionOptions {
  /** `host:port`. */
  readonly address: string;
  /** Limit for each answer of the control plane, but for loading a model. */
  readonly timeoutMs?: number;
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** A v2 client over gRPC. */
export function createGrpcClient({ address, tls, headers = [], timeoutMs = 10_000 }: GrpcClientOptions): V2Client {
  const authority = authorityOf(headers);
  const metadata = metadataOf(headers);
  const client = new Client(address, credentialsOf(tls), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
    ...(authority === undefined ? {} : { 'grpc.default_authority': authority }),
  });

  const calls = new Set<ClientUnaryCall>();

  const callBytes = (rpc: string, bytes: Uint8Array, isPatient = false): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const path = `/inference.GRPCInferenceService/${rpc}`;
      const options = isPatient ? {} : { deadline: Date.now() + timeoutMs };
      const call = client.makeUnaryRequest(path, asIs, asIs, Buffer.from(bytes), metadata, options, (error, answer) => {
        calls.delete(call);
        if (error !== null) reject(toV2Error(error, address));
        else resolve(answer ?? Buffer.alloc(0));
      });
      calls.add(call);
    });

  const callMessage = async (rpc: string, request: object, isPatient = false) => {
    const bytes = messageType(`inference.${rpc}Request`).encode(request).finish();
    return messageType(`inference.${rpc}Response`).decode(await callBytes(rpc, bytes, isPatient));
  };

  const call = async <T>(rpc: string, request: object, isPatient = false): Promise<T> => {
    const message = await callMessage(rpc, request, isPatient);
    return message.$type.toObject(message, { defaults: true, longs: Number, enums: String }) as T;
  };

  const holds = async (rpc: string, request: object, member: string): Promise<boolean> => {
    try {
      return (await call<Record<string, boolean>>(rpc, request))[member] === true;
    } catch {
      return false;
    }
  };

  return {
    isLive: () => holds('ServerLive', {}, 'live'),
    isReady: () => holds('ServerReady', {}, 'ready'),
    isModelReady: (model) => holds('ModelReady', reference(model), 'ready'),
    serverMetadata: () => call<ServerMetadata>('ServerMetadata', {}),
    modelMetadata: (model) => call<ModelMetadata>('ModelMetadata', reference(model)),
    modelConfig: async (model): Promise<ModelConfig> => {
      const answer = (await callMessage('ModelConfig', reference(model))) as unknown as { config?: object | null };
      if (!answer.config) throw new V2Error('grpc 13', `no config in the answer for model '${model.name}'`);
      return modelConfigFromMessage(answer.config as Parameters<typeof modelConfigFromMessage>[0]);
    },
    statistics: async (model) =>
      (await call<{ model_stats: ModelStatistics[] }>('ModelStatistics', reference(model))).model_stats,
    repositoryIndex: async () => (await call<{ models: ModelIndexEntry[] }>('RepositoryIndex', {})).models,
    loadModel: async (name, config, files = new Map()) => {
      const contents = [...files].map(([path, content]) => [`file:${path}`, { bytes_param: content }]);
      const given = { config: { string_param: JSON.stringify(config) }, ...Object.fromEntries(contents) };
      const parameters = config === undefined ? {} : given;
      await call('RepositoryModelLoad', { model_name: name, parameters }, true);
    },
    unloadModel: async (name) => {
      await call('RepositoryModelUnload', { model_name: name }, true);
    },
    registerSystemSharedMemory: async ({ name, key, byteSize }) => {
      await call('SystemSharedMemoryRegister', { name, key, offset: 0, byte_size: byteSize });
    },
    unregisterSystemSharedMemory: async (name) => {
      await call('SystemSharedMemoryUnregister', { name });
    },
    traceSettings: async () => {
      const { settings } = await call<{ settings: Record<string, { value: string[] }> }>('TraceSetting', {});
      return Object.fromEntries(Object.entries(settings).map(([name, { value }]) => [name, value]));
    },
    updateTraceSettings: async (settings) => {
      const values = Object.entries(settings).map(([name, value]) => [name, { value }]);
      await call('TraceSetting', { settings: Object.fromEntries(values) });
    },
    infer: async (request) =>
      decodeModelInferResponse(
        await callBytes('ModelInfer', encodeModelInferRequest(request), true),
        sharedOutputs(request),
      ),
    [Symbol.asyncDispose]: async () => {
      for (const call of calls) call.cancel(); // closing the channel alone would wait for their answers
      client.close();
    },
  };
}

const reference = ({ name, version = '' }: ModelVersion) => ({ name, version });

function toV2Error(error: ServiceError, address: string): V2Error {
  const isConnection = isConnectionFailure(error);
  const code = isConnection ? 'connect' : (`grpc ${error.code}` as const);
  return new V2Error(code, isConnection ? `no answer from ${address}: ${connectionText(error)}` : error.details, {
    cause: error,
  });
}
