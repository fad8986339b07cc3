import { isJsonObject, type JsonObject, parseJsonObject } from '../../protocol/json.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import type { LoadParameter } from '../inference-service.js';
import { RefusalError } from '../refusal.js';
import { emptyAnswer, errorAnswer, type HttpAnswer, jsonAnswer } from './answer.js';
import { type HttpCall, modelOf } from './http-call.js';

export const handleLive = ({ service }: HttpCall): HttpAnswer =>
  service.isLive() ? emptyAnswer : errorAnswer(400, 'Server not live');

export const handleReady = ({ service }: HttpCall): HttpAnswer =>
  service.isReady() ? emptyAnswer : errorAnswer(400, 'Server not ready');

export const handleServerMetadata = ({ service }: HttpCall): HttpAnswer => jsonAnswer(service.serverMetadata());

export const handleModelReady = (call: HttpCall): HttpAnswer =>
  call.service.isModelReady(modelOf(call)) ? emptyAnswer : errorAnswer(400, 'Model version not ready');

export const handleModelMetadata = (call: HttpCall): HttpAnswer =>
  jsonAnswer(call.service.modelMetadata(modelOf(call)));

export const handleModelConfig = (call: HttpCall): HttpAnswer => jsonAnswer(call.service.modelConfig(modelOf(call)));

/** One model's statistics, or those of all ready models when the path names none. */
export const handleStatistics = (call: HttpCall): HttpAnswer =>
  jsonAnswer({ model_stats: call.service.statistics(modelOf(call)) });

export async function handleRepositoryIndex({ service, body }: HttpCall): Promise<HttpAnswer> {
  const { ready = false } = optionalBody(body);
  if (typeof ready !== 'boolean') throw new ProtocolError(`Invalid value for 'ready': expected a boolean`);
  return jsonAnswer(await service.repositoryIndex({ readyOnly: ready }));
}

export async function handleLoad(call: HttpCall): Promise<HttpAnswer> {
  const parameters = new Map<string, LoadParameter>();
  for (const [key, value] of Object.entries(parametersOf(call.body))) parameters.set(key, loadParameter(key, value));
  await call.service.loadModel(modelOf(call).name, parameters);
  return emptyAnswer;
}

export async function handleUnload(call: HttpCall): Promise<HttpAnswer> {
  const { unload_dependents: unloadDependents = false } = parametersOf(call.body);
  if (typeof unloadDependents !== 'boolean') {
    throw new ProtocolError(`Invalid value for 'unload_dependents': expected a boolean`);
  }
  await call.service.unloadModel(modelOf(call).name, { unloadDependents });
  return emptyAnswer;
}

/** Load and unload know one repository only. */
export function handleNamedRepository(): never {
  throw new RefusalError('unsupported', `'repository_name' specification is not supported`);
}

const optionalBody = (body: Buffer): JsonObject => (body.length === 0 ? {} : parseJsonObject(body.toString('utf8')));

function parametersOf(body: Buffer): JsonObject {
  const parameters = optionalBody(body)['parameters'] ?? {};
  if (!isJsonObject(parameters)) throw new ProtocolError(`'parameters' must be an object`);
  return parameters;
}

/** The parameters that a load knows. */
const isLoadParameter = (key: string): boolean => key === 'config' || key.startsWith('file:');

/** Over HTTP the content of a file (`file:<path>`) is base64 text. */
function loadParameter(key: string, value: unknown): LoadParameter {
  if (!isLoadParameter(key)) {
    // Over HTTP alone, Triton calls this an internal error (v2 protocol, 2.6).
    const text = `unexpected error on creating Triton parameter: unrecognized load parameter '${key}'.`;
    throw new RefusalError('internal', text);
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new ProtocolError(`parameter '${key}' must be a string, a number or a boolean`);
  }
  if (!key.startsWith('file:')) return value;
  const content = Buffer.from(String(value), 'base64'); // leaves out what is not base64
  if (typeof value !== 'string' || content.length !== Buffer.byteLength(value, 'base64')) {
    throw new ProtocolError(`parameter '${key}' must be the content of the file as base64 text`);
  }
  return content;
}
