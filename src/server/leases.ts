/** Counts those who use something, so that it can end when nobody does. */
export class Leases {
  #count = 0;
  #onReturned: (() => void)[] = [];

  /** Returns the function that gives the lease back; calling it again does nothing. */
  take(): () => void {
    this.#count++;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#count--;
      if (this.#count === 0) for (const tell of this.#onReturned.splice(0)) tell();
    };
  }

  /** Resolves when nobody holds a lease. */
  allReturned(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onReturned.push(resolve));
  }
}
