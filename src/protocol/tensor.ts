import type { Datatype } from './datatype.js';
import { datatypeFacts } from './datatype.js';
import { ProtocolError } from './protocol-error.js';

/**
 * A tensor with its elements in raw form: little-endian, row-major, contiguous. Each element of BYTES is a
 * 32-bit little-endian length followed by that many bytes (v2 protocol, "Tensor Data").
 */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** The number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dim of shape) count *= dim;
  return count;
}

/** Raw size in bytes of a tensor; `undefined` for BYTES, whose size depends on its content. */
export function rawByteSize(datatype: Datatype, shape: readonly number[]): number | undefined {
  const { sizeBytes } = datatypeFacts[datatype];
  return sizeBytes === undefined ? undefined : sizeBytes * elementCount(shape);
}

/** Puts strings or byte strings into the raw form of BYTES. */
export function packBytes(elements: readonly (string | Uint8Array)[]): Uint8Array {
  const parts = elements.map((element) => (typeof element === 'string' ? Buffer.from(element, 'utf8') : element));
  const packed = Buffer.allocUnsafe(parts.reduce((size, part) => size + 4 + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    packed.writeUInt32LE(part.length, offset);
    packed.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return packed;
}

/**
 * The elements of a raw BYTES tensor, as views of `data`.
 *
 * @param model for the message
 * @throws ProtocolError when a length prefix or an element is cut short
 */
export function unpackBytes(data: Uint8Array, name: string, model?: string): Uint8Array[] {
  const owner = `inference input '${name}'${model === undefined ? '' : ` for model '${model}'`}`;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const elements: Uint8Array[] = [];
  let offset = 0;
  while (offset < data.length) {
    if (offset + 4 > data.length) {
      throw new ProtocolError(
        `incomplete string length indicator for ${owner}, expecting 4 bytes but only ${data.length - offset} bytes available`,
      );
    }
    const length = view.getUint32(offset, true);
    offset += 4;
    if (offset + length > data.length) {
      throw new ProtocolError(
        `incomplete string for ${owner}, expecting string of length ${length} but only ` +
          `${data.length - offset} bytes available`,
      );
    }
    elements.push(data.subarray(offset, offset + length));
    offset += length;
  }
  return elements;
}
