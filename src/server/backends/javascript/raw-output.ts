import { tensorDataFromJson } from '../../../protocol/json-tensor.js';
import { elementCount, packBytes } from '../../../protocol/tensor.js';
import { arrayNameOf, isElementArray } from './element-arrays.js';
import type { BoundTensor, RawTensor } from './worker-messages.js';

export interface OutputRules {
  /** Rows of the request; `undefined` for a model without batch dimension. */
  readonly batchSize: number | undefined;
}

/**
 * The raw form of an output as a model gave it: `{ shape, data }`, or the elements alone where the configuration leaves
 * one shape only.
 *
 * @throws Error in one line when it is not what the configuration says
 */
export function rawOutput(given: unknown, tensor: BoundTensor, { batchSize }: OutputRules): RawTensor {
  const { shape: givenShape, data } = partsOf(given, tensor);
  const expected = batchSize === undefined ? tensor.dims : [batchSize, ...tensor.dims];
  const shape = givenShape ?? shapeFor(lengthOf(data), expected);
  if (shape === undefined || !fits(shape, expected)) {
    const got = shape === undefined ? `${lengthOf(data)} elements and no shape` : `[${shape}]`;
    throw new Error(`output '${tensor.name}' must have shape [${expected}], got ${got}`);
  }
  return { shape, data: rawData(data, shape, tensor) };
}

function partsOf(
  given: unknown,
  { name }: BoundTensor,
): { readonly shape?: readonly number[]; readonly data: unknown } {
  if (Array.isArray(given) || ArrayBuffer.isView(given)) return { data: given };
  if (typeof given !== 'object' || given === null || !('data' in given)) {
    throw new Error(`output '${name}' must be a list, a typed array or { shape, data }, got ${kindOf(given)}`);
  }
  const shape = 'shape' in given ? given.shape : undefined;
  if (shape === undefined) return { data: given.data };
  if (!Array.isArray(shape)) throw new Error(`'shape' of output '${name}' must be a list, got ${kindOf(shape)}`);
  return { shape: shape.map(Number), data: given.data };
}

const lengthOf = (data: unknown): number =>
  Array.isArray(data) ? data.flat(100).length : ((data as { length?: number } | undefined)?.length ?? 0);

/** The one shape that so many elements can have; `undefined` when there is none, or more than one. */
function shapeFor(count: number, expected: readonly number[]): readonly number[] | undefined {
  const variable = expected.filter((dim) => dim === -1).length;
  if (variable === 0) return expected;
  const fixed = elementCount(expected.filter((dim) => dim !== -1));
  if (variable > 1 || fixed === 0) return undefined;
  return expected.map((dim) => (dim === -1 ? count / fixed : dim));
}

const fits = (shape: readonly number[], expected: readonly number[]): boolean =>
  shape.length === expected.length &&
  shape.every((dim, index) => Number.isSafeInteger(dim) && dim >= 0 && [dim, -1].includes(expected[index] ?? 0));

function rawData(data: unknown, shape: readonly number[], { name, datatype }: BoundTensor): Uint8Array {
  const count = elementCount(shape);
  if (datatype === 'BYTES') return packBytes(checkCount(stringsOf(data, name), { name, shape, count }));
  if (Array.isArray(data)) return tensorDataFromJson(data, { name, datatype, shape });
  if (!isElementArray(data, datatype)) {
    throw new Error(
      `output '${name}' of type ${datatype} must be a list or a ${arrayNameOf(datatype)}, got ${kindOf(data)}`,
    );
  }
  checkCount(data, { name, shape, count });
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function stringsOf(data: unknown, name: string): readonly (string | Uint8Array)[] {
  const elements: readonly unknown[] = Array.isArray(data) ? data.flat(100) : [data];
  const wrong = elements.find((element) => typeof element !== 'string' && !(element instanceof Uint8Array));
  if (wrong === undefined && Array.isArray(data)) return elements as readonly (string | Uint8Array)[];
  throw new Error(`output '${name}' of type BYTES must be a list of strings or Uint8Arrays, got ${kindOf(wrong)}`);
}

function checkCount<List extends { readonly length: number }>(
  list: List,
  { name, shape, count }: { readonly name: string; readonly shape: readonly number[]; readonly count: number },
): List {
  if (list.length === count) return list;
  throw new Error(`output '${name}' of shape [${shape}] must have ${count} elements, got ${list.length}`);
}

/** For messages: `Float32Array`, `string`, `null`. */
export function kindOf(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return value.constructor?.name ?? 'object';
}
