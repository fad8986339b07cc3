import { type JsonObject, parseJsonObject } from '../../protocol/json.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { logFormats } from '../logging/server-log.js';
import { RefusalError } from '../refusal.js';
import { type HttpAnswer, jsonAnswer } from './answer.js';
import { type HttpCall, modelOf } from './http-call.js';

export const handleLogSettings = ({ service }: HttpCall): HttpAnswer => jsonAnswer(service.log.settings);

export function handleLogUpdate({ service, body }: HttpCall): HttpAnswer {
  const changes = new Map(Object.entries(settingsIn(body)));
  const format = changes.get('log_format');
  if (typeof format === 'string' && !logFormats.some((known) => known === format)) {
    // Triton answers this with 503, over HTTP only.
    throw new RefusalError('unavailable', `log setting 'log_format' must be one of ${logFormats.join(', ')}`);
  }
  return jsonAnswer(service.log.update(changes));
}

/** The server's settings, or those of the model that the path names. */
export const handleTraceSettings = (call: HttpCall): HttpAnswer =>
  jsonAnswer(call.service.trace.settings(modelOf(call).name));

export function handleTraceUpdate(call: HttpCall): HttpAnswer {
  const changes = new Map(Object.entries(settingsIn(call.body)).map(([name, value]) => [name, valuesOf(name, value)]));
  return jsonAnswer(call.service.trace.update(modelOf(call).name, changes));
}

const settingsIn = (body: Buffer): JsonObject => (body.length === 0 ? {} : parseJsonObject(body.toString('utf8')));

/** `null` clears. */
function valuesOf(name: string, value: unknown): readonly string[] {
  if (value === null) return [];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isText = (each: unknown) => typeof each === 'string' || typeof each === 'number' || typeof each === 'bigint';
  if (values.length > 0 && values.every(isText)) return values.map(String);
  throw new ProtocolError(`trace setting '${name}' must be a string, a list of strings, or null`);
}
