/** Below this a body comes in one or two pieces, and is not worth keeping a buffer for. */
const smallestBytes = 64 * 1024;
/** What is kept for later requests, all together. */
const mostKeptBytes = 64 * 1024 * 1024;

/**
 * Rooms of bodies that are still coming, all together. Clients may announce much and send nothing, and each room that is made
 * costs a garbage collection: 4,000 streams that announced 64 MB each in 60 KB stopped the server for 16 s.
 */
const mostExpectedBytes = 512 * 1024 * 1024;

/**
 * Buffers for large request bodies, used again and again: the garbage of a fresh 600-KB buffer for each request would cost
 * the collector more than the request costs everybody else.
 */
export class BodyRooms {
  readonly #free: ArrayBuffer[] = [];
  #keptBytes = 0;
  #expectedBytes = 0;

  /**
   * Counts a body as coming, until `arrived`.
   *
   * @returns `false`, and counts nothing, when so many are coming that room for this one is to be made as it comes
   */
  expect(byteLength: number): boolean {
    if (byteLength < smallestBytes) return true;
    if (this.#expectedBytes + byteLength > mostExpectedBytes) return false;
    this.#expectedBytes += byteLength;
    return true;
  }

  /** A body that was counted has come, or will not. */
  arrived(byteLength: number): void {
    if (byteLength >= smallestBytes) this.#expectedBytes -= byteLength;
  }

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
