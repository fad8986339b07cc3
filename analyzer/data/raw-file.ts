import { PerfError } from '../../src/core/perf-error.js';
import { elementCount, packBytes, rawByteSize } from '../../src/protocol/tensor.js';
import type { TensorSpec } from './model-signature.js';

const lineFeed = 0x0a;

/** The lines of a text file as bytes, without their line feeds; the last line may lack its own. */
export function textLines(content: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < content.length; ) {
    const found = content.indexOf(lineFeed, at);
    const end = found === -1 ? content.length : found;
    lines.push(content.subarray(at, end));
    at = end + 1;
  }
  return lines;
}

/**
 * The raw data of a tensor from the content of a file: the content itself, or for BYTES a line for each element.
 *
 * @throws PerfError `file` when the content does not have the size of the shape
 */
export function rawFromFile(
  content: Buffer,
  { datatype }: TensorSpec,
  { dims, where }: { readonly dims: readonly number[]; readonly where: string },
): Uint8Array {
  const lines = datatype === 'BYTES' ? textLines(content) : undefined;
  const got = lines?.length ?? content.length;
  const expected = lines === undefined ? rawByteSize(datatype, dims) : elementCount(dims);
  if (got !== expected) {
    const unit = lines === undefined ? 'bytes' : 'lines';
    throw new PerfError(
      'file',
      `Cannot use ${where}: expected ${expected} ${unit} for ${datatype} [${dims}], got ${got}`,
    );
  }
  return lines === undefined ? content : packBytes(lines);
}
