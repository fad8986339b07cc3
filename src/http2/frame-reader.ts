import { defaultMaxFrameBytes, errorCodes, frameHeadBytes, readUint31, streamIdOffset } from './frame.js';
import { type Violation, violation } from './violation.js';

/** Takes a frame whose payload lies between `from` and `to`; says what is wrong with it, if anything. */
export type OnFrame = (
  type: number,
  flags: number,
  streamId: number,
  bytes: Buffer,
  from: number,
  to: number,
) => Violation | undefined;

/**
 * Cuts what arrives, split anywhere, into frames (RFC 9113 section 4.1). Frames that lie whole in a read are handed on
 * in place; one that is cut is put together in a buffer of its own.
 */
export class FrameReader {
  private readonly cut = Buffer.allocUnsafeSlow(frameHeadBytes + defaultMaxFrameBytes);
  private cutBytes = 0;
  private readonly onFrame: OnFrame;

  constructor(onFrame: OnFrame) {
    this.onFrame = onFrame;
  }

  /** Says what is wrong, if anything; nothing must be fed after that. */
  feed(bytes: Buffer, size: number): Violation | undefined {
    let at = 0;
    while (this.cutBytes > 0 && at < size) {
      const taken = this.completeCut(bytes, at, size);
      if (typeof taken !== 'number') return taken;
      at = taken;
    }
    return this.feedWhole(bytes, at, size);
  }

  private feedWhole(bytes: Buffer, from: number, size: number): Violation | undefined {
    let at = from;
    while (size - at >= frameHeadBytes) {
      const length = payloadLength(bytes, at);
      if (length > defaultMaxFrameBytes) return tooLarge(bytes, at, size);
      const end = at + frameHeadBytes + length;
      if (end > size) break;
      const wrong = this.hand(bytes, at, end);
      if (wrong !== undefined) return wrong;
      at = end;
    }
    if (at < size) this.cutBytes = bytes.copy(this.cut, 0, at, size);
    return undefined;
  }

  /** Adds to the frame that was cut, first its head, then its payload; the position after what was taken. */
  private completeCut(bytes: Buffer, from: number, size: number): number | Violation {
    const hasHead = this.cutBytes >= frameHeadBytes;
    const wanted = hasHead ? frameHeadBytes + payloadLength(this.cut, 0) : frameHeadBytes;
    const taken = bytes.copy(this.cut, this.cutBytes, from, Math.min(size, from + wanted - this.cutBytes));
    this.cutBytes += taken;
    if (this.cutBytes < wanted) return from + taken;
    if (payloadLength(this.cut, 0) > defaultMaxFrameBytes) return tooLarge(this.cut, 0, this.cutBytes);
    if (hasHead || payloadLength(this.cut, 0) === 0) {
      const end = this.cutBytes;
      this.cutBytes = 0;
      return this.hand(this.cut, 0, end) ?? from + taken;
    }
    return from + taken;
  }

  private hand(bytes: Buffer, at: number, end: number): Violation | undefined {
    const streamId = readUint31(bytes, at + streamIdOffset);
    return this.onFrame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, streamId, bytes, at + frameHeadBytes, end);
  }
}

const payloadLength = (bytes: Buffer, at: number): number =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);

/** Most often the peer does not speak HTTP/2 at all, and its text says so. */
const tooLarge = (bytes: Buffer, at: number, size: number): Violation =>
  violation(
    errorCodes.frameSizeError,
    `not an HTTP/2 frame: ${JSON.stringify(bytes.toString('latin1', at, Math.min(size, at + 40)))}`,
  );
