/** Below this a body comes in one or two pieces, and is not worth keeping a buffer for. */
const smallestBytes = 64 * 1024;
/** What is kept for later requests, all together. */
const mostKeptBytes = 64 * 1024 * 1024;

/**
 * Buffers for large request bodies, used again and again: the garbage of a fresh 600-KB buffer for each request would cost
 * the collector more than the request costs everybody else.
 */
export class BodyRooms {
  readonly #free: ArrayBuffer[] = [];
  #keptBytes = 0;

  /** Room for a body of exactly so many bytes, with anything in it; `undefined` for a small one. */
  take(byteLength: number): Buffer | undefined {
    if (byteLength < smallestBytes) return undefined;
    const index = this.#free.findLastIndex((buffer) => fits(buffer, byteLength));
    const [kept] = index === -1 ? [] : this.#free.splice(index, 1);
    if (kept === undefined) return Buffer.from(newBuffer(byteLength), 0, byteLength);
    this.#keptBytes -= kept.byteLength;
    return Buffer.from(kept, 0, byteLength);
  }

  /** Takes back what `take` gave. Nobody may look at it any more. */
  giveBack(room: Buffer | undefined): void {
    if (room === undefined) return;
    const buffer = room.buffer as ArrayBuffer;
    while (this.#keptBytes + buffer.byteLength > mostKeptBytes) {
      const oldest = this.#free.shift();
      if (oldest === undefined) return;
      this.#keptBytes -= oldest.byteLength;
    }
    this.#free.push(buffer);
    this.#keptBytes += buffer.byteLength;
  }
}

/** At most half of it is unused. */
const fits = (buffer: ArrayBuffer, byteLength: number): boolean =>
  buffer.byteLength >= byteLength && buffer.byteLength <= byteLength * 2;

const newBuffer = (byteLength: number): ArrayBuffer =>
  Buffer.allocUnsafeSlow(Math.ceil(byteLength / smallestBytes) * smallestBytes).buffer as ArrayBuffer;
