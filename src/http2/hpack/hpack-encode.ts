import { type Field, staticTable } from './static-table.js';

/**
 * A header block that leaves no trace in the peer's table, so that it can be sent any number of times: fields of the
 * static table by index, all others as literals that are never indexed (RFC 7541 sections 6.1 and 6.2.3), without
 * Huffman coding.
 */
export const encodeBlock = (fields: readonly Field[]): Buffer => Buffer.concat(fields.map(encodeField));

function encodeField([name, value]: Field): Buffer {
  const whole = staticTable.findIndex(([knownName, knownValue]) => knownName === name && knownValue === value) + 1;
  if (whole !== 0) return integer(whole, 7, 0x80);
  const nameIndex = staticTable.findIndex(([knownName]) => knownName === name) + 1;
  const head = integer(nameIndex, 4, 0x10);
  return Buffer.concat(nameIndex === 0 ? [head, text(name), text(value)] : [head, text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** RFC 7541 section 5.1. */
function integer(value: number, prefixBits: number, pattern: number): Buffer {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return Buffer.of(pattern | value);
  const bytes = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
