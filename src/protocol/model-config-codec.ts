import type protobuf from 'protobufjs';
import protojson from 'protobufjs/ext/protojson.js';
import type { ModelConfig } from './model-config.js';
import { messageType } from './schema.js';

protojson.install();

const type = messageType('inference.ModelConfig');

/**
 * Reads `config.pbtxt` (protobuf text format).
 *
 * @throws Error that names the field and, where the parser knows it, the line
 */
export const parseModelConfig = (text: string): ModelConfig => toPlain(type.fromText(text));

/** Writes `config.pbtxt`. Fields at their zero value are left out. */
export const formatModelConfig = (config: ModelConfig): string => type.toText(type.fromObject(config));

/**
 * Reads the proto3 JSON form, as the load API's `config` parameter and `GET .../config` carry it: integers may be
 * strings, enums names or numbers.
 *
 * @throws Error that names the unknown or mistyped member
 */
export const modelConfigFromJson = (json: unknown): ModelConfig => toPlain(type.fromJson(json));

/** The message that `ModelConfigResponse.config` carries. */
export const modelConfigToMessage = (config: ModelConfig): protobuf.Message => type.fromObject(config);

/** From the message that `ModelConfigResponse.config` carries. */
export const modelConfigFromMessage = (message: protobuf.Message): ModelConfig => toPlain(message);

function toPlain(message: protobuf.Message): ModelConfig {
  const object = type.toObject(message, { defaults: true, longs: Number, enums: String });
  return withoutNulls(object) as unknown as ModelConfig;
}

/** protobufjs says `null` for a message member that is not set. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null && member !== undefined)
      .map(([key, member]) => [key, withoutNulls(member)]),
  );
}
