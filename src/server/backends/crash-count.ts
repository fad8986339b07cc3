/** So many in a row, and a version is not started again. */
const crashLimit = 3;

/** The crashes of all instances of one loaded version since an execution ended well. */
export class CrashCount {
  #inARow = 0;
  #verdict: string | undefined;
  #onTooMany: (reason: string) => void = () => undefined;

  /** @param tell called once, when there are too many: the version cannot serve any more */
  whenTooMany(tell: (reason: string) => void): void {
    if (this.#verdict === undefined) this.#onTooMany = tell;
    else tell(this.#verdict);
  }

  /** Returns why no worker is to be started again, once there are too many. */
  record(reason: string): string | undefined {
    this.#inARow++;
    if (this.#inARow < crashLimit || this.#verdict !== undefined) return this.#verdict;
    this.#verdict = `its instances crashed ${crashLimit} times in a row, the last time with ${reason}`;
    this.#onTooMany(this.#verdict);
    return this.#verdict;
  }

  /** An execution ended well. */
  reset(): void {
    this.#inARow = 0;
  }
}
