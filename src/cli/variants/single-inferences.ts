import type { SentTensor, SentTensors } from '../../precision/runtime/session-messages.js';

/** A request of several inferences as several of one: each holds a row of every input. */
export function singleInferences(feeds: SentTensors): SentTensors[] {
  const count = Object.values(feeds)[0]?.dims[0] ?? 1;
  const entries = Object.entries(feeds);
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(entries.map(([name, tensor]) => [name, rowOf(tensor, row)])),
  );
}

function rowOf({ type, dims, data }: SentTensor, row: number): SentTensor {
  const [count = 1, ...rest] = dims;
  const list = data as Float32Array; // Every kind of list, of numbers or texts, has a length and `slice`.
  const width = list.length / count;
  return { type, dims: [1, ...rest], data: list.slice(row * width, (row + 1) * width) };
}
