import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, PerfError } from '../core/perf-error.js';
import { dataFileOf, encodeFiles } from '../onnx/encode-files.js';
import type { ModelProto } from '../onnx/model-proto.js';

/**
 * Writes a model; one that is too long for a file has its weights beside it (`dataFileOf`). Resolves with the bytes of all files.
 *
 * @param longest see `encodeFiles`
 * @throws PerfError `file`, or `model` for one that no ONNX file can hold
 */
export async function writeModelFile(path: string, model: ModelProto, longest?: number): Promise<number> {
  const files = encodeFiles(model, basename(path), longest);
  try {
    if (files.length === 1) await rm(dataFileOf(path), { force: true });
    for (const { name, parts } of files) {
      await pipeline(Readable.from(parts()), createWriteStream(join(dirname(path), name)));
    }
  } catch (cause) {
    throw new PerfError('file', `Cannot write the model ${path}: ${messageOf(cause)}`, { cause });
  }
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
