import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { messageOf } from '../../core/perf-error.js';

/** Writes traces as JSON arrays; what is there is a whole array at every moment. Never rejects: trouble is told once. */
export class TraceFile implements AsyncDisposable {
  readonly path: string;
  readonly #log: (line: string) => void;
  #work: Promise<void> = Promise.resolve();
  #file: FileHandle | undefined;
  /** Behind the last trace, where the next one replaces the closing bracket. */
  #end = 0;
  #index = 0;
  #isBroken = false;

  constructor(path: string, log: (line: string) => void) {
    this.path = path;
    this.#log = log;
  }

  /** Adds a trace to the one file. */
  append(trace: string): void {
    this.#inTurn(async () => {
      this.#file ??= await open(this.path, 'w');
      const text = Buffer.from(`${this.#end === 0 ? '[' : ','}${trace}]`);
      await this.#file.write(text, 0, text.length, this.#end);
      this.#end += text.length - 1;
    });
  }

  /** Writes traces into the next file of their own: `<path>.0`, `<path>.1`, ... */
  writeApart(traces: readonly string[]): void {
    const path = `${this.path}.${this.#index++}`;
    this.#inTurn(() => writeFile(path, `[${traces.join(',')}]`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work;
    await this.#file?.close();
  }

  #inTurn(write: () => Promise<void>): void {
    this.#work = this.#work.then(write).catch((thrown) => {
      if (!this.#isBroken) this.#log(`error: cannot write the trace file ${this.path}: ${messageOf(thrown)}`);
      this.#isBroken = true;
    });
  }
}
