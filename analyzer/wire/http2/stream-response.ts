import { finalResponseKey } from '../../../src/protocol/grpc-stream.js';
import { readRequestId } from './request-id.js';

/** What counts of a `ModelStreamInferResponse`; positions are those of the scanned bytes. */
export interface StreamResponseHead {
  /** Empty when the request did not fail. */
  errorMessage: string;
  /** The `ModelInferResponse` inside; of length 0 without one. */
  from: number;
  to: number;
  /** Absent when it has none, or one that is not ours. */
  requestId: number | undefined;
  /** Whether it is the last one of its request; absent when it does not say. */
  isFinal: boolean | undefined;
  hasOutputs: boolean;
}

const finalKey = Buffer.from(finalResponseKey);

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * Reads the head of a message without decoding its tensors: 0.5 us instead of 10 us, for each response of a stream.
 * `undefined` when the bytes are no protobuf message.
 */
export function scanStreamResponse(bytes: Buffer, from: number, to: number): StreamResponseHead | undefined {
  const head: StreamResponseHead = {
    errorMessage: '',
    from: to,
    to,
    requestId: undefined,
    isFinal: undefined,
    hasOutputs: false,
  };
  const isWhole = eachField(bytes, from, to, (field, start, end) => {
    if (field === 1) head.errorMessage = bytes.toString('utf8', start, end);
    if (field !== 2) return true;
    head.from = start;
    head.to = end;
    return scanResponse(bytes, start, end, head);
  });
  return isWhole ? head : undefined;
}

/** `ModelInferResponse`: 3 = id, 4 = parameters, 5 = outputs. */
const scanResponse = (bytes: Buffer, from: number, to: number, head: StreamResponseHead): boolean =>
  eachField(bytes, from, to, (field, start, end) => {
    if (field === 3) head.requestId = readRequestId(bytes, start, end);
    if (field === 4) return scanParameter(bytes, start, end, head);
    if (field === 5) head.hasOutputs = true;
    return true;
  });

/** An entry of the map: 1 = key, 2 = `InferParameter`, whose field 1 is the boolean. */
function scanParameter(bytes: Buffer, from: number, to: number, head: StreamResponseHead): boolean {
  let isFinalKey = false;
  let value = false;
  const isWhole = eachField(bytes, from, to, (field, start, end) => {
    if (field === 1) isFinalKey = end - start === finalKey.length && finalKey.equals(bytes.subarray(start, end));
    if (field !== 2) return true;
    return eachField(bytes, start, end, (choice, at) => {
      if (choice === 1) value = bytes[at] !== 0;
      return true;
    });
  });
  if (isFinalKey) head.isFinal = value;
  return isWhole;
}

/** Hands over the value of each field, for a varint its first byte on; whether all of it is well-formed. */
function eachField(
  bytes: Buffer,
  from: number,
  to: number,
  onField: (field: number, start: number, end: number) => boolean,
): boolean {
  let at = from;
  while (at < to) {
    const tagEnd = varintEnd(bytes, at, to);
    const tag = varintValue(bytes, at, tagEnd);
    const lengthEnd = tag % 8 === wire.bytes ? varintEnd(bytes, tagEnd, to) : tagEnd;
    const end = valueEnd(bytes, { type: tag % 8, tagEnd, lengthEnd }, to);
    if (tagEnd > to || lengthEnd > to || end > to) return false;
    if (!onField(Math.floor(tag / 8), lengthEnd, end)) return false;
    at = end;
  }
  return true;
}

interface FieldStart {
  readonly type: number;
  readonly tagEnd: number;
  readonly lengthEnd: number;
}

function valueEnd(bytes: Buffer, { type, tagEnd, lengthEnd }: FieldStart, to: number): number {
  switch (type) {
    case wire.varint:
      return varintEnd(bytes, tagEnd, to);
    case wire.fixed64:
      return tagEnd + 8;
    case wire.bytes:
      return lengthEnd + varintValue(bytes, tagEnd, lengthEnd);
    case wire.fixed32:
      return tagEnd + 4;
    default:
      return to + 1;
  }
}

/** Behind the varint; beyond `to` when it does not end before. */
function varintEnd(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at < to && at < from + 10; at++) if ((bytes[at] ?? 0) < 128) return at + 1;
  return to + 1;
}

function varintValue(bytes: Buffer, from: number, end: number): number {
  let value = 0;
  for (let at = end - 1; at >= from; at--) value = value * 128 + ((bytes[at] ?? 0) & 127);
  return value;
}
