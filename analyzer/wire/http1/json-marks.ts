import type { InferRequest } from '../../../src/protocol/infer.js';
import { isMarkable, type SequenceMarks, unmarked } from '../sequence-marks.js';

const template = [...unmarked].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',');
/** What the marks take of a request. */
export const marksBytes = template.length;
const idOffset = template.indexOf(':') + 1;
const idDigits = String(unmarked.get('sequence_id')).length;
const startOffset = template.indexOf('false');
const endOffset = template.lastIndexOf('false');
const space = 0x20;
const zero = 0x30;
const yes = Buffer.from('true ');
const no = Buffer.from('false');

/**
 * Where the marks lie in the bytes of a prepared request; absent when it was not prepared for them.
 *
 * @throws RangeError when they cannot be found, as in a compressed body
 */
export function marksOffset(request: InferRequest, bytes: Buffer): number | undefined {
  if (!isMarkable(request)) return undefined;
  const offset = bytes.indexOf(template, bytes.indexOf('\r\n\r\n'));
  if (offset < 0) throw new RangeError('no room for the marks of a sequence in a prepared request');
  return offset;
}

/** Overwrites the marks at `offset`. JSON allows spaces around values, so that each value keeps its width. */
export function writeMarks(bytes: Buffer, offset: number, marks: SequenceMarks, token: number): void {
  writeDecimal(bytes, offset + idOffset, marks.idOf(token));
  bytes.set(marks.isStart(token) ? yes : no, offset + startOffset);
  bytes.set(marks.isEnd(token) ? yes : no, offset + endOffset);
}

/** Right-aligned, without the garbage of a string. */
function writeDecimal(bytes: Buffer, offset: number, value: number): void {
  let rest = value;
  for (let index = idDigits - 1; index >= 0; index--) {
    const quotient = Math.floor(rest / 10);
    bytes[offset + index] = rest === 0 && index < idDigits - 1 ? space : zero + (rest - 10 * quotient);
    rest = quotient;
  }
}
