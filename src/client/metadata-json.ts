import { isDatatype } from '../protocol/datatype.js';
import { isJsonObject, type JsonObject } from '../protocol/json.js';
import type { ModelMetadata, ServerMetadata, TensorMetadata } from '../protocol/metadata.js';
import { V2Error } from './v2-client.js';

/**
 * Server metadata as servers answer it: everything but the name may be missing.
 *
 * @throws V2Error when it is not server metadata, so that any other web server is not taken for a v2 server
 */
export function serverMetadataFrom(json: unknown): ServerMetadata {
  if (!isJsonObject(json) || typeof json['name'] !== 'string') throw notMetadata('server metadata', json);
  return { name: json['name'], version: textOf(json, 'version'), extensions: textsOf(json['extensions']) };
}

/**
 * Model metadata as servers answer it: versions and platform are optional in the Open Inference Protocol.
 *
 * @throws V2Error when it is not model metadata
 */
export function modelMetadataFrom(json: unknown, model: string): ModelMetadata {
  if (!isJsonObject(json) || !Array.isArray(json['inputs'])) throw notMetadata(`metadata of model '${model}'`, json);
  return {
    name: textOf(json, 'name'),
    versions: textsOf(json['versions']),
    platform: textOf(json, 'platform'),
    inputs: json['inputs'].map(tensorFrom),
    outputs: Array.isArray(json['outputs']) ? json['outputs'].map(tensorFrom) : [],
  };
}

function tensorFrom(json: unknown): TensorMetadata {
  if (isJsonObject(json) && typeof json['name'] === 'string' && Array.isArray(json['shape'])) {
    const { name, datatype, shape } = json;
    if (typeof datatype === 'string' && isDatatype(datatype)) return { name, datatype, shape: shape.map(Number) };
  }
  throw notMetadata('a tensor', json);
}

const textOf = (json: JsonObject, key: string): string => (typeof json[key] === 'string' ? json[key] : '');

const textsOf = (json: unknown): string[] =>
  Array.isArray(json) ? json.filter((item) => typeof item === 'string') : [];

const notMetadata = (what: string, got: unknown): V2Error =>
  new V2Error('http 200', `expected ${what}, got ${(JSON.stringify(got) ?? 'nothing').slice(0, 200)}`);
