import type { Tensor } from '../../protocol/tensor.js';

interface Entry {
  readonly outputs: readonly Tensor[];
  readonly sizeBytes: number;
}

/** What an entry takes beside its data, about. */
const entryBytes = 256;

/** Outputs by key, of all models. When the bytes run out, what was not used for the longest time goes first. */
export class ResponseCache {
  readonly #capacityBytes: number;
  /** The least recently used comes first. */
  readonly #entries = new Map<string, Entry>();
  #usedBytes = 0;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  lookUp(key: string): readonly Tensor[] | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.outputs;
  }

  /** Keeps a copy of the data. What is larger than the whole cache is not kept. */
  insert(key: string, outputs: readonly Tensor[]): void {
    const sizeBytes = outputs.reduce((size, { data }) => size + entryBytes + data.length, entryBytes);
    this.#remove(key);
    if (sizeBytes > this.#capacityBytes) return;
    for (const oldest of this.#entries.keys()) {
      if (this.#usedBytes + sizeBytes <= this.#capacityBytes) break;
      this.#remove(oldest);
    }
    this.#entries.set(key, {
      sizeBytes,
      outputs: outputs.map((output) => ({ ...output, data: Uint8Array.from(output.data) })),
    });
    this.#usedBytes += sizeBytes;
  }

  #remove(key: string): void {
    this.#usedBytes -= this.#entries.get(key)?.sizeBytes ?? 0;
    this.#entries.delete(key);
  }
}
