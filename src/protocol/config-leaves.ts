import protobuf from 'protobufjs';
import type { ModelConfig } from './model-config.js';
import { modelConfigFromJson } from './model-config-codec.js';
import { messageType } from './schema.js';

/** What a place in a model's configuration holds, by the `.proto` file. */
export type FieldShape =
  | { readonly kind: 'message'; readonly type: protobuf.Type }
  | { readonly kind: 'list'; readonly of: FieldShape }
  | { readonly kind: 'map'; readonly of: FieldShape }
  | { readonly kind: 'integer' | 'decimal' | 'text' | 'boolean' }
  | { readonly kind: 'choice'; readonly names: readonly string[] };

/** Of the whole configuration. */
export const configShape: FieldShape = { kind: 'message', type: messageType('inference.ModelConfig') };

/** Of a field of a message; `undefined`: it has none of that name. */
export function fieldShape(type: protobuf.Type, name: string): FieldShape | undefined {
  const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
  if (field === undefined) return undefined;
  const single = singleShape(field);
  if (field instanceof protobuf.MapField) return { kind: 'map', of: single };
  return field.repeated ? { kind: 'list', of: single } : single;
}

const scalars: Readonly<Record<string, 'text' | 'boolean' | 'decimal'>> = {
  string: 'text',
  bytes: 'text',
  bool: 'boolean',
  float: 'decimal',
  double: 'decimal',
};

function singleShape({ resolvedType, type }: protobuf.Field): FieldShape {
  if (resolvedType instanceof protobuf.Type) return { kind: 'message', type: resolvedType };
  if (resolvedType !== null) return { kind: 'choice', names: Object.keys(resolvedType.values) };
  return { kind: scalars[type] ?? 'integer' };
}

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A part of a configuration as values by path, such as `dynamic_batching.max_queue_delay_microseconds`. The only element of a list has no
 * number in its path; a list of scalars, and what is empty, is one value as JSON. Parts with dots are in quotes.
 */
export function leavesOf(part: Plain): Record<string, number | string> {
  return Object.fromEntries(leaves(part, []).map(([path, value]) => [path.map(quoted).join('.'), value]));
}

type Leaf = readonly [path: readonly string[], value: number | string];

function leaves(value: unknown, path: readonly string[]): Leaf[] {
  if (isPlain(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([name, member]) => leaves(member, [...path, name]));
  }
  if (Array.isArray(value) && isPlain(value[0])) {
    return value.flatMap((element, index) => leaves(element, value.length === 1 ? path : [...path, `${index}`]));
  }
  if (typeof value === 'object') return [[path, JSON.stringify(value)]];
  return [[path, typeof value === 'number' ? value : String(value)]];
}

const quoted = (name: string): string => (/^[^."]+$/.test(name) ? name : JSON.stringify(name));

const pathOf = (text: string): string[] =>
  [...text.matchAll(/("(?:[^"\\]|\\.)*")|[^.]+/g)].map(([part, inQuotes]) =>
    inQuotes === undefined ? part : JSON.parse(part),
  );

/**
 * A configuration with the values of some paths. Messages and maps are merged into what is there; a list takes the place of what was
 * there, as Model Analyzer does it.
 *
 * @throws Error that names the member that does not exist or is of another type
 */
export function withLeaves(config: ModelConfig, values: Readonly<Record<string, number | string>>): ModelConfig {
  const entries = Object.entries(values).map(([text, value]): Leaf => [pathOf(text), value]);
  if (entries.length === 0) return config;
  return modelConfigFromJson(merged(config, partOf(configShape, entries, '')));
}

/** The value that leaves below one place make. */
function partOf(shape: FieldShape, entries: readonly Leaf[], place: string): unknown {
  const [[path, value] = [[], '']] = entries;
  if (path.length === 0) return leafValue(shape, value);
  if (shape.kind === 'list') return elementsOf(shape.of, entries, place);
  return Object.fromEntries(
    [...byFirstPart(entries)].map(([name, below]) => {
      const memberPlace = place === '' ? name : `${place}.${name}`;
      return [name, partOf(memberShape(shape, name, memberPlace), below, memberPlace)];
    }),
  );
}

function elementsOf(shape: FieldShape, entries: readonly Leaf[], place: string): unknown[] {
  const isNumbered = entries.every(([[first = '']]) => /^\d+$/.test(first));
  if (!isNumbered) return [partOf(shape, entries, place)];
  return [...byFirstPart(entries)].map(([index, below]) => partOf(shape, below, `${place}.${index}`));
}

function byFirstPart(entries: readonly Leaf[]): Map<string, Leaf[]> {
  const groups = new Map<string, Leaf[]>();
  for (const [[first = '', ...rest], value] of entries) {
    groups.set(first, [...(groups.get(first) ?? []), [rest, value]]);
  }
  return groups;
}

function memberShape(shape: FieldShape, name: string, place: string): FieldShape {
  const member = shape.kind === 'message' ? fieldShape(shape.type, name) : shape.kind === 'map' ? shape.of : undefined;
  if (member === undefined) throw new Error(`a model configuration has no ${place}`);
  return member;
}

function leafValue({ kind }: FieldShape, value: number | string): unknown {
  if (kind === 'boolean') return value === 'true';
  return kind === 'message' || kind === 'list' || kind === 'map' ? JSON.parse(String(value)) : value;
}

function merged(base: unknown, change: unknown): unknown {
  if (!isPlain(base) || !isPlain(change)) return change;
  const members = Object.entries(change).map(([name, value]) => [name, merged(base[name], value)]);
  return { ...base, ...Object.fromEntries(members) };
}
