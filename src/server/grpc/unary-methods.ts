import { encodeModelInferResponse } from '../../protocol/grpc-infer.js';
import { modelConfigToMessage } from '../../protocol/model-config-codec.js';
import { decodeMessage, messageType } from '../../protocol/schema.js';
import { forwardedFrom, type HeaderPattern, withForwarded } from '../forwarded-headers.js';
import type { InferenceService, LoadParameter, ModelReference } from '../inference-service.js';
import { RefusalError } from '../refusal.js';
import { healthOf } from './health.js';
import { readInferRequest } from './infer-request.js';
import { modelVersionFrom } from './model-version.js';
import { settingsAnswers } from './settings-answers.js';
import { sharedMemoryAnswers } from './shared-memory-answers.js';

/** What a unary call has beside its message. */
interface UnaryContext {
  /** Aborts when the client cancels or its deadline passes. */
  readonly signal: AbortSignal;
  /** Names in lower case. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** One unary call, bytes to bytes, free of the transport. Throws or rejects as `InferenceService` does. */
export type UnaryMethod = (request: Uint8Array, context: UnaryContext) => Uint8Array | Promise<Uint8Array>;

type Message = Readonly<Record<string, unknown>>;

const inferenceService = '/inference.GRPCInferenceService/';

/** The unary calls of both services by their path, e.g. `/inference.GRPCInferenceService/ModelInfer`. */
export function unaryMethods(
  service: InferenceService,
  forwardPattern: HeaderPattern | undefined,
): ReadonlyMap<string, UnaryMethod> {
  const answers: Readonly<Record<string, (request: Message) => Message | Promise<Message>>> = {
    ServerLive: () => ({ live: service.isLive() }),
    ServerReady: () => ({ ready: service.isReady() }),
    ModelReady: (request) => ({ ready: service.isModelReady(modelOf(request)) }),
    ServerMetadata: () => ({ ...service.serverMetadata() }),
    ModelMetadata: (request) => ({ ...service.modelMetadata(modelOf(request)) }),
    ModelConfig: (request) => ({ config: modelConfigToMessage(service.modelConfig(modelOf(request))) }),
    ModelStatistics: (request) => ({ model_stats: service.statistics(modelOf(request)) }),
    RepositoryIndex: async (request) => ({
      models: await service.repositoryIndex({ readyOnly: request['ready'] === true }),
    }),
    RepositoryModelLoad: async (request) => {
      await service.loadModel(repositoryModelOf(request), loadParametersOf(request));
      return {};
    },
    RepositoryModelUnload: async (request) => {
      const unloadDependents = unloadDependentsIn(request);
      await service.unloadModel(repositoryModelOf(request), { unloadDependents });
      return {};
    },
    ...sharedMemoryAnswers(service),
    ...settingsAnswers(service),
  };
  const methods = new Map<string, UnaryMethod>([
    [`${inferenceService}ModelInfer`, (bytes, context) => infer(service, bytes, { context, forwardPattern })],
    ['/grpc.health.v1.Health/Check', coded('grpc.health.v1.HealthCheck', () => healthOf(service))],
  ]);
  for (const [name, answer] of Object.entries(answers)) {
    methods.set(`${inferenceService}${name}`, coded(`inference.${name}`, answer));
  }
  return methods;
}

interface InferOptions {
  readonly context: UnaryContext;
  readonly forwardPattern: HeaderPattern | undefined;
}

async function infer(
  service: InferenceService,
  bytes: Uint8Array,
  { context, forwardPattern }: InferOptions,
): Promise<Uint8Array> {
  const { request, isDecoupled } = readInferRequest(bytes, service);
  if (isDecoupled) {
    throw new RefusalError('unsupported', "ModelInfer RPC doesn't support models with decoupled transaction policy");
  }
  const forwarded = forwardedFrom(context.metadata, forwardPattern);
  return encodeModelInferResponse(await service.infer(withForwarded(request, forwarded), context.signal));
}

/** Puts the message types `<prefix>Request` and `<prefix>Response` around an answer. */
function coded(prefix: string, answer: (request: Message) => Message | Promise<Message>): UnaryMethod {
  const requestType = messageType(`${prefix}Request`);
  const responseType = messageType(`${prefix}Response`);
  return async (bytes) =>
    responseType.encode(await answer(decodeMessage(requestType, bytes) as unknown as Message)).finish();
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const modelOf = (request: Message): ModelReference => ({
  name: text(request['name']),
  version: modelVersionFrom(text(request['version'])),
});

function repositoryModelOf(request: Message): string {
  if (text(request['repository_name']) !== '') {
    throw new RefusalError('unsupported', `'repository_name' specification is not supported`);
  }
  return text(request['model_name']);
}

function unloadDependentsIn(request: Message): boolean {
  const value = loadParametersOf(request).get('unload_dependents') ?? false;
  if (typeof value === 'boolean') return value;
  const text = "invalid value type for 'unload_dependents' parameter, expected bool_param.";
  throw new RefusalError('invalid-argument', text);
}

interface ParameterMessage {
  readonly parameter_choice?: 'bool_param' | 'int64_param' | 'string_param' | 'bytes_param';
  readonly bool_param?: boolean;
  readonly int64_param?: number | { toNumber(): number };
  readonly string_param?: string;
  readonly bytes_param?: Uint8Array;
}

function loadParametersOf(request: Message): Map<string, LoadParameter> {
  const parameters = new Map<string, LoadParameter>();
  for (const [key, message] of Object.entries(request['parameters'] as Record<string, ParameterMessage>)) {
    const value = message.parameter_choice === undefined ? undefined : message[message.parameter_choice];
    if (value === undefined) throw new RefusalError('invalid-argument', `parameter '${key}' has no value`);
    const isLong = typeof value === 'object' && 'toNumber' in value;
    parameters.set(key, isLong ? value.toNumber() : value);
  }
  return parameters;
}
