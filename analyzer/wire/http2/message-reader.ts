import { BodyCollector } from '../body-collector.js';

const prefixBytes = 5;

/** Whether the bytes of a message that begins are kept. */
export type KeepsMessage = (slot: number, sizeBytes: number) => boolean;

export interface MessageOptions {
  readonly keeps: KeepsMessage;
  /** We said that we can decode a compressed message. */
  readonly mayBeCompressed: boolean;
}

/**
 * Counts the length-prefixed messages of each stream (gRPC over HTTP/2, "Length-Prefixed-Message"), which may span
 * frames anywhere, and keeps their bytes when they are wanted.
 */
export class MessageReader {
  private readonly counts: Uint8Array;
  /** How much of the prefix of the next message has been read. */
  private readonly prefixRead: Uint8Array;
  private readonly prefix: Float64Array;
  /** How much of the present message is missing. */
  private readonly missing: Float64Array;
  /** Whether the present message is compressed. */
  private readonly areCompressed: Uint8Array;
  private readonly mayBeCompressed: boolean;
  private readonly bodies: (BodyCollector | undefined)[] = [];
  private readonly isKept: Uint8Array;
  private readonly keeps: KeepsMessage;

  /** @param size of the stream table */
  constructor(size: number, { keeps, mayBeCompressed }: MessageOptions) {
    this.areCompressed = new Uint8Array(size);
    this.mayBeCompressed = mayBeCompressed;
    this.counts = new Uint8Array(size);
    this.prefixRead = new Uint8Array(size);
    this.prefix = new Float64Array(size);
    this.missing = new Float64Array(size);
    this.isKept = new Uint8Array(size);
    this.keeps = keeps;
  }

  /** A stream begins in this slot. */
  clear(slot: number): void {
    this.counts[slot] = 0;
    this.prefixRead[slot] = 0;
    this.missing[slot] = 0;
    this.isKept[slot] = 0;
    this.areCompressed[slot] = 0;
    this.bodies[slot]?.drop();
  }

  /** Says what is wrong, if anything. */
  read(slot: number, bytes: Buffer, from: number, to: number): string | undefined {
    let at = from;
    while (at < to) {
      const missing = this.missing[slot] ?? 0;
      if (missing > 0) {
        const end = Math.min(to, at + missing);
        this.keep(slot, bytes, at, end);
        this.missing[slot] = missing - (end - at);
        at = end;
      } else {
        at = this.readPrefix(slot, bytes, at, to);
        if (this.prefixRead[slot] === 0 && this.areCompressed[slot] === 1 && !this.mayBeCompressed) {
          return 'a message is compressed, which was not offered';
        }
      }
    }
    return undefined;
  }

  /** How many messages have begun and ended; 255 stands for more. */
  countOf(slot: number): number {
    return this.counts[slot] ?? 0;
  }

  /** A message has begun, but not ended. */
  isCut(slot: number): boolean {
    return (this.missing[slot] ?? 0) > 0 || this.prefixRead[slot] !== 0;
  }

  /** The bytes that `bodyOf` gives are compressed. */
  isCompressed(slot: number): boolean {
    return this.areCompressed[slot] === 1;
  }

  /** The bytes of the message as they came; `undefined` when they were not kept. */
  bodyOf(slot: number): Buffer | undefined {
    if (this.isKept[slot] !== 1) return undefined;
    return this.bodies[slot]?.take() ?? Buffer.alloc(0);
  }

  /** The position after what was read. */
  private readPrefix(slot: number, bytes: Buffer, from: number, to: number): number {
    let read = this.prefixRead[slot] ?? 0;
    let prefix = read === 0 ? 0 : (this.prefix[slot] ?? 0);
    let at = from;
    for (; at < to && read < prefixBytes; at++, read++) prefix = prefix * 256 + (bytes[at] ?? 0);
    this.prefix[slot] = prefix;
    this.prefixRead[slot] = read % prefixBytes;
    if (read === prefixBytes) {
      const sizeBytes = prefix % 4294967296;
      this.missing[slot] = sizeBytes;
      this.areCompressed[slot] = prefix > 0xffffffff ? 1 : 0;
      this.isKept[slot] = this.keeps(slot, sizeBytes) ? 1 : 0;
      this.counts[slot] = Math.min(255, (this.counts[slot] ?? 0) + 1);
    }
    return at;
  }

  private keep(slot: number, bytes: Buffer, from: number, to: number): void {
    if (this.isKept[slot] !== 1) return;
    let body = this.bodies[slot];
    if (body === undefined) {
      body = new BodyCollector();
      this.bodies[slot] = body;
    }
    body.push(bytes, from, to);
  }
}
