import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, PerfError } from '../../src/core/perf-error.js';
import { datatypeFacts } from '../../src/protocol/datatype.js';
import { resolveDims } from './given-dims.js';
import type { TensorSpec } from './model-signature.js';
import { rawFromFile, textLines } from './raw-file.js';
import type { DataFileOptions } from './read-data-files.js';
import type { Step, StepTensor } from './step.js';

/**
 * The one step of a data folder: a file for each input, named after it, with raw bytes or, for BYTES, a line for each
 * element. A file that is named after an output holds what must be answered.
 *
 * @throws PerfError `file` for a missing or superfluous file, or one of the wrong size
 */
export function readDataFolder(folder: string, options: DataFileOptions): Step {
  const { signature, generated, foreign } = options;
  const files = filesOf(folder);
  const known = new Set([...signature.inputs, ...signature.outputs].map(({ name }) => name));
  const unknown = files.find((file) => !known.has(file) && !foreign.has(file));
  if (unknown !== undefined) {
    throw badFolder(folder, `only files named after inputs and outputs (${[...known].join(', ')})`, `'${unknown}'`);
  }
  const inputs = new Map<string, StepTensor>();
  for (const input of signature.inputs) {
    const isThere = files.includes(input.name);
    if (isThere && generated.has(input.name)) throw badFolder(folder, `'${input.name}' here or with --input`, 'both');
    if (isThere) inputs.set(input.name, readTensor(folder, input, options.flagDims.get(input.name)));
    else if (!input.isOptional && !generated.has(input.name)) throw badFolder(folder, `a file '${input.name}'`, 'none');
  }
  const isInput = (name: string): boolean => signature.inputs.some((input) => input.name === name);
  const outputs = signature.outputs.filter(({ name }) => files.includes(name) && !isInput(name));
  const expected = new Map(outputs.map((output) => [output.name, readTensor(folder, output, undefined)]));
  return { label: folder, stream: 0, inputs, expected };
}

function badFolder(folder: string, expected: string, got: string): PerfError {
  return new PerfError('file', `Cannot use --input-data ${folder}: expected ${expected}, got ${got}`);
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw new PerfError('file', `Cannot read --input-data ${folder}: ${messageOf(cause)}`, { cause });
  }
}

function readTensor(folder: string, spec: TensorSpec, flag: readonly number[] | undefined): StepTensor {
  const where = join(folder, spec.name);
  const content = readContent(where);
  const { sizeBytes } = datatypeFacts[spec.datatype];
  const elements = sizeBytes === undefined ? textLines(content).length : content.length / sizeBytes;
  const resolved = resolveDims(spec, { stated: undefined, flag, elements });
  if ('dims' in resolved) {
    return { dims: resolved.dims, data: rawFromFile(content, spec, { dims: resolved.dims, where }) };
  }
  const size = sizeBytes === undefined ? `${elements} lines` : `${content.length} bytes of ${spec.datatype}`;
  throw new PerfError('file', `Cannot use ${where}: expected ${resolved.expected}, got ${size}`);
}

function readContent(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new PerfError('file', `Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}
