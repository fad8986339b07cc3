import type { Field } from './static-table.js';

/** What an entry costs besides its text (RFC 7541 section 4.1). */
const entryOverheadBytes = 32;

/** What a field takes of a table (RFC 7541 section 4.1), or of a list of fields (RFC 9113 section 6.5.2). */
export const fieldBytes = ([name, value]: Field): number => name.length + value.length + entryOverheadBytes;

/** The dynamic table of a decoder (RFC 7541 sections 2.3.2 and 4): newest first, oldest evicted. */
export class DynamicTable {
  private readonly entries: Field[] = [];
  private sizeBytes = 0;
  private maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Nothing can be in it, now or later. */
  get isOff(): boolean {
    return this.maxBytes === 0;
  }

  /** @param index 0 is the newest */
  at(index: number): Field | undefined {
    return this.entries[index];
  }

  /** An entry that is larger than the table empties it. */
  add(field: Field): void {
    const size = fieldBytes(field);
    this.evictTo(this.maxBytes - size);
    if (size > this.maxBytes) return;
    this.entries.unshift(field);
    this.sizeBytes += size;
  }

  resize(maxBytes: number): void {
    this.maxBytes = maxBytes;
    this.evictTo(maxBytes);
  }

  private evictTo(limitBytes: number): void {
    while (this.sizeBytes > limitBytes) {
      const oldest = this.entries.pop();
      if (oldest === undefined) return;
      this.sizeBytes -= fieldBytes(oldest);
    }
  }
}
