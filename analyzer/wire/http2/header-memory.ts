import { HpackDecoder } from './hpack/hpack-decoder.js';
import type { Field } from './hpack/static-table.js';
import { percentDecoded } from './percent-decoded.js';

/** What counts of the header or trailer fields of a response. */
export interface ResponseFields {
  readonly httpStatus: number | undefined;
  readonly grpcStatus: number | undefined;
  /** `grpc-message`, decoded; empty when absent. */
  readonly message: string;
}

interface Remembered {
  readonly block: Buffer;
  readonly fields: ResponseFields;
}

/** One connection sees the same few blocks again and again: headers that change once a second, and trailers. */
const capacity = 8;

/**
 * Decodes the header blocks of one connection, and remembers the last few: since we announce a table of size 0, a server
 * that sends the same fields sends the same bytes. 0.13 us instead of 0.4 (plain) to 1.2 us (Huffman) for 90 bytes of text.
 */
export class HeaderMemory {
  private readonly decoder = new HpackDecoder();
  private readonly remembered: Remembered[] = [];
  private oldest = 0;

  /** @throws HpackError when the block is malformed */
  read(bytes: Buffer, from: number, to: number): ResponseFields {
    for (const { block, fields } of this.remembered) {
      if (isSame(block, bytes, from, to)) return fields;
    }
    const { fields, isSelfContained } = this.decoder.decode(bytes, from, to);
    const response = responseFields(fields);
    if (isSelfContained) this.remember({ block: Buffer.from(bytes.subarray(from, to)), fields: response });
    return response;
  }

  private remember(entry: Remembered): void {
    this.remembered[this.oldest] = entry;
    this.oldest = (this.oldest + 1) % capacity;
  }
}

function isSame(block: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (block.length !== to - from) return false;
  for (let index = 0; index < block.length; index++) {
    if (block[index] !== bytes[from + index]) return false;
  }
  return true;
}

function responseFields(fields: readonly Field[]): ResponseFields {
  const textOf = (wanted: string): string | undefined => fields.find(([name]) => name === wanted)?.[1];
  return {
    httpStatus: integerOf(textOf(':status')),
    grpcStatus: integerOf(textOf('grpc-status')),
    message: percentDecoded(textOf('grpc-message') ?? ''),
  };
}

const integerOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
