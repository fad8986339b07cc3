import { unpackBytes } from '../../../protocol/tensor.js';
import { type ElementArray, elementArray } from './element-arrays.js';
import type { BoundTensor, RawTensor } from './worker-messages.js';

/** An input as a model sees it. */
export interface ModelTensor {
  readonly name: string;
  readonly datatype: string;
  /** With the batch dimension, if the model has one. */
  readonly shape: readonly number[];
  /**
   * In row-major order: a typed array, of BYTES a list of strings.
   *
   * @throws TypeError for an element of BYTES that is not UTF-8 text
   */
  readonly data: ElementArray | readonly string[];
  /** Of BYTES: the elements as they came. */
  readonly bytes?: readonly Uint8Array[];
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a model gets of a raw tensor. */
export function modelTensor({ name, datatype }: BoundTensor, { shape, data }: RawTensor): ModelTensor {
  if (datatype !== 'BYTES') return { name, datatype, shape, data: elementArray(data, datatype) };
  const bytes = unpackBytes(data, name);
  return {
    name,
    datatype,
    shape,
    get data() {
      return bytes.map((element) => textOf(element, name));
    },
    bytes,
  };
}

function textOf(element: Uint8Array, name: string): string {
  try {
    return strict.decode(element);
  } catch {
    throw new TypeError(`input '${name}' holds an element that is not UTF-8 text: expected text, or use 'bytes'`);
  }
}
