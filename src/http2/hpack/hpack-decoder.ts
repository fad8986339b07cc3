import { DynamicTable, fieldBytes } from './dynamic-table.js';
import { HpackError } from './hpack-error.js';
import { huffmanDecode } from './huffman.js';
import { type Field, staticTable } from './static-table.js';

export interface DecodedBlock {
  readonly fields: readonly Field[];
  /** Decoding neither looked at the dynamic table nor changed it: the same bytes always mean the same fields. */
  readonly isSelfContained: boolean;
}

/** The largest table that a peer may ask for: the default, which holds until it has seen our SETTINGS. */
const largestTableBytes = 4096;
const largestInteger = 0x0fffffff;
/** Of the fields of one block together. One byte may name a large field of the table, and a block do so again and again. */
const largestListBytes = 1_048_576;

/** Decodes header blocks (RFC 7541), one connection's, in the order in which they arrive. */
export class HpackDecoder {
  private readonly table: DynamicTable;
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  private end = 0;
  private isSelfContained = true;

  constructor(tableBytes: number = largestTableBytes) {
    this.table = new DynamicTable(tableBytes);
  }

  /** @throws HpackError when the block is malformed; the decoder cannot be used afterwards */
  decode(bytes: Buffer, from: number, to: number): DecodedBlock {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
    this.isSelfContained = true;
    const fields: Field[] = [];
    let listBytes = 0;
    while (this.at < to) {
      const field = this.representation(fields.length === 0);
      if (field === undefined) continue;
      fields.push(field);
      listBytes += fieldBytes(field);
      if (listBytes > largestListBytes)
        throw new HpackError(`the fields of a block take over ${largestListBytes} bytes`);
    }
    return { fields, isSelfContained: this.isSelfContained };
  }

  /** One representation (RFC 7541 section 6); absent for a change of the table's size. */
  private representation(isFirst: boolean): Field | undefined {
    const first = this.bytes[this.at] ?? 0;
    if (first & 0x80) return this.indexed(this.integer(7));
    if (first & 0x40) {
      const field = this.literal(this.integer(6));
      if (!this.table.isOff) this.isSelfContained = false;
      this.table.add(field);
      return field;
    }
    if (first & 0x20) {
      this.resize(this.integer(5), isFirst);
      return undefined;
    }
    return this.literal(this.integer(4));
  }

  private resize(size: number, isFirst: boolean): void {
    if (!isFirst) throw new HpackError('the size of the table changes in the middle of a block');
    if (size > largestTableBytes) throw new HpackError(`a table of ${size} bytes is larger than allowed`);
    this.isSelfContained = false;
    this.table.resize(size);
  }

  private indexed(index: number): Field {
    const field = index <= staticTable.length ? staticTable[index - 1] : this.dynamic(index);
    if (field === undefined) throw new HpackError(`nothing has the index ${index}`);
    return field;
  }

  private dynamic(index: number): Field | undefined {
    this.isSelfContained = false;
    return this.table.at(index - staticTable.length - 1);
  }

  private literal(nameIndex: number): Field {
    const name = nameIndex === 0 ? this.text() : this.indexed(nameIndex)[0];
    return [name, this.text()];
  }

  /** RFC 7541 section 5.1. */
  private integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (value > largestInteger || shift > 28) throw new HpackError('an integer is too large');
      if ((byte & 0x80) === 0) return value;
    }
  }

  /** RFC 7541 section 5.2. */
  private text(): string {
    const isHuffman = ((this.bytes[this.at] ?? 0) & 0x80) !== 0;
    const length = this.integer(7);
    const from = this.at;
    const to = from + length;
    if (to > this.end) throw new HpackError('a string is longer than its block');
    this.at = to;
    return isHuffman ? huffmanDecode(this.bytes, from, to) : this.bytes.toString('latin1', from, to);
  }

  private byte(): number {
    if (this.at >= this.end) throw new HpackError('a header block ends in the middle');
    return this.bytes[this.at++] ?? 0;
  }
}
