import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, PerfError } from '../../core/perf-error.js';
import { decodeModel } from '../../onnx/decode-model.js';
import type { ModelProto } from '../../onnx/model-proto.js';

/** An ONNX file that is read. */
export interface ReadModel {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly model: ModelProto;
}

/** Protocol buffers, and so ONNX files, are at most that long: larger models keep their constants in files of their own. */
const longestFile = 2 ** 31 - 1;

/** Reads an ONNX file. Rejects with `PerfError`: `file` when it cannot be read or is too long, `model` when it is none. */
export async function readModel(file: string): Promise<ReadModel> {
  const bytes = await readBytes(file);
  try {
    return { file, bytes, model: decodeModel(bytes) };
  } catch (cause) {
    if (!(cause instanceof PerfError)) throw cause;
    throw new PerfError('model', cause.message.replace('the ONNX model', file), { cause });
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    await using handle = await open(file, 'r');
    return await readWhole(handle, file);
  } catch (cause) {
    if (cause instanceof PerfError) throw cause;
    throw new PerfError('file', `Cannot read ${file}: expected an ONNX file, got ${messageOf(cause)}`, { cause });
  }
}

async function readWhole(handle: FileHandle, file: string): Promise<Uint8Array> {
  const found = await handle.stat();
  if (!found.isFile()) {
    throw new PerfError(
      'file',
      `Cannot read ${file}: expected an ONNX file, got ${found.isDirectory() ? 'a folder' : 'no regular file'}`,
    );
  }
  if (found.size > longestFile) {
    throw new PerfError('file', `Cannot read ${file}: expected at most ${longestFile} bytes, got ${found.size}`, {
      hint: 'A larger model keeps its constants in files beside it (external data).',
    });
  }
  return await handle.readFile();
}
