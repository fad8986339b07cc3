import type { InferRequest } from '../../../src/protocol/infer.js';
import { isMarkable, type SequenceMarks } from '../sequence-marks.js';

/** A varint may have more bytes than it needs; so many hold 2^53 - 1. */
const idBytes = 8;
/** Of the parameters' map up to the value: an entry with its key, and an `InferParameter` that is an `int64_param`. */
const idHead = Buffer.from('\x0a\x0bsequence_id\x12\x09\x10', 'latin1');
/** What lies between the values: an entry up to a `bool_param`. */
const startHead = Buffer.from('\x22\x14\x0a\x0esequence_start\x12\x02\x08', 'latin1');
const endHead = Buffer.from('\x22\x12\x0a\x0csequence_end\x12\x02\x08', 'latin1');
/** From the id on. */
const startOffset = idBytes + startHead.length;
const endOffset = startOffset + 1 + endHead.length;
const marksEnd = endOffset + 1;
const lowBits = 2 ** 28;

/**
 * Where the correlation id of a prepared message lies, and the flags behind it; absent when it was not prepared for marks.
 *
 * @throws RangeError when it cannot be found, as in a compressed message
 */
export function marksOffset(request: InferRequest, message: Buffer): number | undefined {
  if (!isMarkable(request)) return undefined;
  const offset = message.indexOf(idHead) + idHead.length;
  const isRight =
    offset >= idHead.length &&
    startHead.equals(message.subarray(offset + idBytes, offset + startOffset)) &&
    endHead.equals(message.subarray(offset + startOffset + 1, offset + endOffset));
  if (!isRight) throw new RangeError('no room for the marks of a sequence in a prepared message');
  return offset;
}

/** A piece of a message: its bytes from `from` on, `length` of them, lie in `bytes` at `at`. */
export interface Piece {
  bytes: Uint8Array;
  at: number;
  from: number;
  length: number;
}

/** Overwrites the marks at `offset` of a message, as far as they are in the piece. */
export function writeMarks(piece: Readonly<Piece>, offset: number, marks: SequenceMarks, token: number): void {
  if (offset >= piece.from + piece.length || offset + marksEnd <= piece.from) return;
  const id = marks.idOf(token);
  const high = Math.floor(id / lowBits);
  const low = id - high * lowBits;
  for (let index = 0; index < idBytes; index++) {
    const bits = (index < 4 ? low >>> (7 * index) : high >>> (7 * (index - 4))) & 0x7f;
    put(piece, offset + index, index < idBytes - 1 ? bits | 0x80 : bits);
  }
  put(piece, offset + startOffset, marks.isStart(token) ? 1 : 0);
  put(piece, offset + endOffset, marks.isEnd(token) ? 1 : 0);
}

function put({ bytes, at, from, length }: Readonly<Piece>, position: number, value: number): void {
  if (position >= from && position < from + length) bytes[at + position - from] = value;
}
