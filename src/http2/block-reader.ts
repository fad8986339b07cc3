import { errorCodes, flags } from './frame.js';
import { HeaderMemory } from './header-memory.js';
import { HpackError } from './hpack/hpack-error.js';
import type { Field } from './hpack/static-table.js';
import { type Violation, violation } from './violation.js';

/** As much as grpc-js takes by default, many times over. */
const blockLimitBytes = 1_048_576;
/** Frames may be empty, so that the bytes do not limit their number. */
const blockLimitFrames = 1024;

/** Takes what a whole block says, and says what is wrong, if anything; `ends` says that nothing follows on the stream. */
export type OnBlock<T> = (streamId: number, ends: boolean, meaning: T) => Violation | undefined;

/** Puts HEADERS and CONTINUATION frames together (RFC 9113 sections 6.2 and 6.10) and decodes what they hold. */
export class BlockReader<T> {
  private readonly memory: HeaderMemory<T>;
  /** The stream whose block is being continued; 0 = none. */
  private openStream = 0;
  private openEnds = false;
  private readonly pieces: Buffer[] = [];
  private sizeBytes = 0;
  private readonly onBlock: OnBlock<T>;

  /** @param meaningOf what counts of the fields of a block */
  constructor(meaningOf: (fields: readonly Field[]) => T, onBlock: OnBlock<T>) {
    this.memory = new HeaderMemory(meaningOf);
    this.onBlock = onBlock;
  }

  /** Nothing but a CONTINUATION may come now. */
  get isOpen(): boolean {
    return this.openStream !== 0;
  }

  /** Says what is wrong, if anything. */
  headers(frameFlags: number, streamId: number, bytes: Buffer, from: number, to: number): Violation | undefined {
    const start = from + ((frameFlags & flags.padded) === 0 ? 0 : 1) + ((frameFlags & flags.priority) === 0 ? 0 : 5);
    const end = to - ((frameFlags & flags.padded) === 0 ? 0 : (bytes[from] ?? 0));
    if (streamId === 0 || start > end) return violation(errorCodes.protocolError, 'a malformed HEADERS frame');
    const ends = (frameFlags & flags.endStream) !== 0;
    if ((frameFlags & flags.endHeaders) !== 0) return this.decode(bytes, start, end, streamId, ends);
    this.openStream = streamId;
    this.openEnds = ends;
    return this.keep(bytes, start, end);
  }

  /** Says what is wrong, if anything. */
  continuation(frameFlags: number, streamId: number, bytes: Buffer, from: number, to: number): Violation | undefined {
    if (streamId !== this.openStream || !this.isOpen)
      return violation(errorCodes.protocolError, 'a CONTINUATION of nothing');
    const wrong = this.keep(bytes, from, to);
    if (wrong !== undefined || (frameFlags & flags.endHeaders) === 0) return wrong;
    const block = Buffer.concat(this.pieces.splice(0));
    this.openStream = 0;
    this.sizeBytes = 0;
    return this.decode(block, 0, block.length, streamId, this.openEnds);
  }

  private keep(bytes: Buffer, from: number, to: number): Violation | undefined {
    this.sizeBytes += to - from;
    this.pieces.push(Buffer.from(bytes.subarray(from, to)));
    if (this.sizeBytes <= blockLimitBytes && this.pieces.length <= blockLimitFrames) return undefined;
    const text = `a header block of more than ${blockLimitBytes} bytes or ${blockLimitFrames} frames`;
    return violation(errorCodes.enhanceYourCalm, text);
  }

  private decode(bytes: Buffer, from: number, to: number, streamId: number, ends: boolean): Violation | undefined {
    try {
      return this.onBlock(streamId, ends, this.memory.read(bytes, from, to));
    } catch (error) {
      if (error instanceof HpackError) return violation(errorCodes.compressionError, error.message);
      throw error;
    }
  }
}
