/** What a buffer may be larger than what is asked for, so that one huge batch does not hold its memory for ever. */
const largestExcess = 4;
const granularity = 4096;

/**
 * The buffer that one batch left behind, for the next. A fresh buffer for each batch would cost page faults, and its
 * garbage collection more than the copy itself.
 */
export class SpareBuffer {
  #spare: ArrayBuffer | undefined;

  /** A buffer of at least so many bytes, with anything in it. It belongs to the caller until it is given back. */
  take(byteLength: number): ArrayBuffer {
    const spare = this.#spare;
    this.#spare = undefined;
    const most = Math.max(granularity, byteLength * largestExcess);
    if (spare !== undefined && spare.byteLength >= byteLength && spare.byteLength <= most) return spare;
    return Buffer.allocUnsafeSlow(Math.ceil(byteLength / granularity) * granularity).buffer as ArrayBuffer;
  }

  giveBack(buffer: ArrayBuffer): void {
    this.#spare = buffer;
  }
}
