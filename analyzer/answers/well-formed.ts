import type { InferOutput } from '../../src/protocol/infer.js';
import { elementCount, rawByteSize, unpackBytes } from '../../src/protocol/tensor.js';

/** What is wrong with the outputs of an answer as such: there are none, or data is not of the size of its shape. */
export function malformation(outputs: readonly InferOutput[]): string | undefined {
  if (outputs.length === 0) return 'the answer has no outputs';
  for (const output of outputs) {
    const wrong = wrongSize(output);
    if (wrong !== undefined) return `output '${output.name}' of the answer: ${wrong}`;
  }
  return undefined;
}

function wrongSize({ name, datatype, shape, data }: InferOutput): string | undefined {
  const expected = rawByteSize(datatype, shape);
  if (expected !== undefined) {
    return data.length === expected
      ? undefined
      : `expected ${expected} bytes for ${datatype} [${shape}], got ${data.length}`;
  }
  const elements = unpackBytes(data, name).length;
  return elements === elementCount(shape) ? undefined : `expected ${elementCount(shape)} strings, got ${elements}`;
}
