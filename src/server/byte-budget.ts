/** Bytes of memory that may be in use at once. Who finds too few left waits; the first comes first. */
export class ByteBudget {
  readonly #limit: number;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Resolves when the bytes may be used.
   *
   * @returns how many are to be given back: more than the limit are the whole of it
   */
  async take(bytes: number): Promise<number> {
    const taken = Math.min(bytes, this.#limit);
    if (this.#waiting.length === 0 && this.#used + taken <= this.#limit) this.#used += taken;
    else await new Promise<void>((go) => this.#waiting.push({ bytes: taken, go }));
    return taken;
  }

  /** Makes bytes, of which there are at most so many, and uses them; only what they turn out to be is taken meanwhile. */
  async within<Value>(
    most: number,
    make: () => Promise<Buffer>,
    use: (bytes: Buffer) => Value | Promise<Value>,
  ): Promise<Value> {
    let taken = await this.take(most);
    try {
      const bytes = await make();
      const kept = Math.min(taken, bytes.length);
      this.giveBack(taken - kept);
      taken = kept;
      return await use(bytes);
    } finally {
      this.giveBack(taken);
    }
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#used + next.bytes > this.#limit) return;
      this.#waiting.shift();
      this.#used += next.bytes;
      next.go();
    }
  }
}
