/** Texts that one side puts in as they come, and the other takes out one after the other. */
export class EventQueue implements AsyncIterable<string> {
  readonly #waiting: { readonly text: string; readonly onTaken: () => void }[] = [];
  #hasEnded = false;
  #wake: () => void = () => undefined;

  /** Resolves when the other side has taken it, or wants no more. */
  put(text: string): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    return new Promise((onTaken) => {
      this.#waiting.push({ text, onTaken });
      this.#wake();
    });
  }

  /** Nothing comes behind what is there. */
  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    try {
      for (;;) {
        const next = this.#waiting.shift();
        if (next !== undefined) {
          yield next.text;
          next.onTaken();
        } else if (this.#hasEnded) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#hasEnded = true;
      for (const { onTaken } of this.#waiting.splice(0)) onTaken();
    }
  }
}
