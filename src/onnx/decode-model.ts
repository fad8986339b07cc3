import protobuf from 'protobufjs';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { ModelProto, WideInteger } from './model-proto.js';
import { onnxSchema } from './onnx-schema.js';

/** The only fields whose integers may exceed 2^53; everywhere else that is a broken file. */
const wideFields = new Set(['i', 'ints', 'int64Data', 'uint64Data']);

/**
 * Reads the bytes of an ONNX file. Nothing is lost: fields that we do not know are kept in `$unknowns`, so that
 * `encodeModel` writes them back. The bytes of tensors are views of `bytes`, not copies.
 *
 * @throws PerfError `model` when the bytes are not those of a whole ONNX file
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = protobuf.Reader.create(buffer);
  reader.discardUnknown = false;
  const model = plainFields(decodeOrRefuse(reader)) as unknown as ModelProto;
  if (model.graph === undefined) throw unreadable('no graph');
  return model;
}

function decodeOrRefuse(reader: protobuf.Reader): object {
  try {
    return onnxSchema.model.decode(reader);
  } catch (error) {
    throw unreadable(messageOf(error), error);
  }
}

/** A plain object instead of an instance of protobufjs: what is absent is `undefined`, and a spread copies all of it. */
function plainFields(message: object): object {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) fields[name] = plainValue(value, name);
  const unknowns = (message as { readonly $unknowns?: readonly Uint8Array[] }).$unknowns;
  if (unknowns !== undefined) fields['$unknowns'] = unknowns;
  return fields;
}

function plainValue(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return typeof value[0] === 'object' ? value.map((each) => plainValue(each, name)) : value;
  if ('low' in value && 'high' in value) return plainInteger(value as protobuf.Long, name);
  return plainFields(value);
}

function plainInteger(value: protobuf.Long, name: string): number | WideInteger {
  const { low, high, unsigned } = value;
  const number = (unsigned ? high >>> 0 : high) * 2 ** 32 + (low >>> 0);
  if (Number.isSafeInteger(number)) return number;
  if (!wideFields.has(name)) throw unreadable(`${name} of about ${number}`);
  return { low, high };
}

function unreadable(got: string, cause?: unknown): PerfError {
  return new PerfError('model', `Cannot read the ONNX model: expected a whole ONNX file, got ${got}`, { cause });
}
