/** Longer heads are not worth remembering. */
const longestBytes = 1024;

/**
 * The bytes of the last head, to recognise the next one by: a server under load sends the same head again and again, but
 * for a date that changes once a second. Compared four bytes at a time, which is why a head must begin where its buffer
 * begins. Measured with nginx, 165 bytes of head, concurrency 16: 4.5 instead of 4.8 us of CPU a request, 6 % more requests.
 */
export class KnownHead {
  private readonly known = new Int32Array(longestBytes / 4);
  private readonly knownBytes = Buffer.from(this.known.buffer);
  private length = 0;
  private viewed: Buffer | undefined = undefined;
  private view: Int32Array | undefined = undefined;

  /** How long the head is, when it is the same as the last one; else 0. */
  lengthOf(bytes: Buffer, end: number): number {
    const { known, knownBytes, length } = this;
    const words = bytes === this.viewed ? this.view : this.viewOf(bytes);
    if (length === 0 || end < length || words === undefined) return 0;
    const wholeWords = length >> 2;
    for (let index = 0; index < wholeWords; index++) if (words[index] !== known[index]) return 0;
    for (let index = wholeWords << 2; index < length; index++) if (bytes[index] !== knownBytes[index]) return 0;
    return length;
  }

  remember(bytes: Buffer, length: number): void {
    this.length = length <= longestBytes ? bytes.copy(this.knownBytes, 0, 0, length) : 0;
  }

  forget(): void {
    this.length = 0;
  }

  /** Words over the bytes; absent when they do not begin at a word. */
  private viewOf(bytes: Buffer): Int32Array | undefined {
    this.viewed = bytes;
    this.view =
      bytes.byteOffset % 4 === 0 ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2) : undefined;
    return this.view;
  }
}
