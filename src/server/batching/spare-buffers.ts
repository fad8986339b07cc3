/** What a buffer may be larger than what is asked for, so that one huge batch does not hold its memory for ever. */
const largestExcess = 4;
const granularity = 4096;
/** What is kept: as many small ones as an instance is handed ahead, or at least one large one. */
const mostKept = 32;
const mostKeptBytes = 1024 * 1024;

/**
 * The buffers that batches left behind, for the next ones. A fresh buffer for each batch would cost page faults, and its
 * garbage collection more than the copy itself.
 */
export class SpareBuffers {
  readonly #kept: ArrayBuffer[] = [];

  /** A buffer of at least so many bytes, with anything in it. It belongs to the caller until it is given back. */
  take(byteLength: number): ArrayBuffer {
    const spare = this.#kept.pop();
    const most = Math.max(granularity, byteLength * largestExcess);
    if (spare !== undefined && spare.byteLength >= byteLength && spare.byteLength <= most) return spare;
    return Buffer.allocUnsafeSlow(Math.ceil(byteLength / granularity) * granularity).buffer as ArrayBuffer;
  }

  giveBack(buffer: ArrayBuffer): void {
    const last = this.#kept.at(-1);
    const isFull = this.#kept.length >= mostKept || buffer.byteLength * (this.#kept.length + 1) > mostKeptBytes;
    if (last !== undefined && isFull) this.#kept.pop();
    this.#kept.push(buffer);
  }
}
