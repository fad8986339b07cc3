import { parseExactJson } from './exact-json.js';
import { ProtocolError } from './protocol-error.js';

/** An object that came out of JSON text. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value of JSON text for an error message, cut when it is long. */
export function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value, bigintAsText) ?? String(value));
  return text.length <= 80 ? text : `${text.slice(0, 80)}...`;
}

/** `JSON.stringify` refuses them. */
const bigintAsText = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** @throws ProtocolError when `text` is not JSON or not an object */
export function parseJsonObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = parseExactJson(text);
  } catch (cause) {
    throw new ProtocolError(`failed to parse the JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (!isJsonObject(value)) throw new ProtocolError('expected a JSON object');
  return value;
}

/** @throws ProtocolError when the member is missing or not a string */
export function requiredString(object: JsonObject, key: string, owner: string): string {
  const value = object[key];
  if (typeof value !== 'string') {
    throw new ProtocolError(
      `'${key}' of ${owner} must be a string, got ${value === undefined ? 'nothing' : typeof value}`,
    );
  }
  return value;
}

/** @throws ProtocolError unless the value is an array of non-negative integers whose product is below 2^53 */
export function shapeFrom(value: unknown, owner: string): number[] {
  if (!Array.isArray(value)) throw new ProtocolError(`'shape' of ${owner} must be an array of integers`);
  let count = 1;
  for (const dim of value) {
    if (!(typeof dim === 'bigint' || Number.isInteger(dim)) || dim < 0) {
      throw new ProtocolError(`'shape' of ${owner} must hold non-negative integers, got ${shown(dim)}`);
    }
    count *= Math.max(1, Number(dim));
    if (!Number.isSafeInteger(count)) {
      throw new ProtocolError(
        `'shape' of ${owner} causes total element count to exceed maximum size of ${Number.MAX_SAFE_INTEGER}`,
      );
    }
  }
  return value as number[];
}
