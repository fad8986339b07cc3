import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { messageOf, PerfError } from '../core/perf-error.js';
import { decodeModel } from '../onnx/decode-model.js';
import { longestFile } from '../onnx/encode-files.js';
import type { ModelProto, TensorProto } from '../onnx/model-proto.js';
import { mapTensors } from './rewrite/standard-graph.js';

/** A model with all of its weights at hand, also those that lie in files beside it. The files are only read. */
export async function readModelFile(path: string): Promise<ModelProto> {
  const model = await readGraph(path);
  const parts = new Map<TensorProto, Uint8Array>();
  for (const tensor of externalTensors(model)) parts.set(tensor, await readExternal(path, tensor));
  if (parts.size === 0) return model;
  return mapTensors(model, (tensor) => {
    const rawData = parts.get(tensor);
    if (rawData === undefined) return tensor;
    const { externalData: _, dataLocation: __, ...rest } = tensor;
    return { ...rest, rawData };
  });
}

/** The files that a model consists of, relative to its folder: those with weights, if there are any; not its own. */
export async function filesBeside(path: string): Promise<readonly string[]> {
  const tensors = externalTensors(await readGraph(path));
  return [...new Set(tensors.map((tensor) => placeOf(path, tensor).location))].toSorted();
}

/** The model as its own file has it. */
async function readGraph(path: string): Promise<ModelProto> {
  const cannot = (cause: unknown): PerfError =>
    new PerfError('file', `Cannot read the model ${path}: ${messageOf(cause)}`, { cause });
  const found = await stat(path).catch((cause: unknown) => {
    throw cannot(cause);
  });
  if (found.size > longestFile) {
    throw new PerfError(
      'model',
      `Cannot read the model ${path}: expected at most ${longestFile} bytes, got ${found.size}`,
      { hint: 'A larger model keeps its weights in files beside it (external data).' },
    );
  }
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw cannot(cause);
  });
  return decodeModel(bytes);
}

function externalTensors(model: ModelProto): TensorProto[] {
  const tensors: TensorProto[] = [];
  mapTensors(model, (tensor) => {
    if (tensor.dataLocation === 1) tensors.push(tensor);
    return tensor;
  });
  return tensors;
}

/** Where the bytes of a tensor lie. */
interface Place {
  /** Relative to the model's folder. */
  readonly location: string;
  readonly offset: number;
  /** Absent: all that is there. */
  readonly length: number | undefined;
}

/** ONNX, External data: `location` is relative to the model's folder and must not leave it. */
function placeOf(modelPath: string, tensor: TensorProto): Place {
  const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value]));
  const location = normalize(entries.get('location') ?? '');
  if (isAbsolute(location) || location === '.' || location.split(/[\\/]/).includes('..')) {
    throw unreadable(modelPath, tensor, `'${location}'`);
  }
  const [offset, length] = [entries.get('offset'), entries.get('length')].map((text) =>
    text === undefined ? undefined : Number(text),
  );
  return { location, offset: offset ?? 0, length };
}

async function readExternal(modelPath: string, tensor: TensorProto): Promise<Uint8Array> {
  const { location, offset, length: wanted } = placeOf(modelPath, tensor);
  try {
    await using file = await open(join(dirname(modelPath), location), 'r');
    const rest = (await file.stat()).size - offset;
    const length = wanted ?? rest;
    if (!(length >= 0 && length <= rest)) {
      throw unreadable(modelPath, tensor, `a file with ${rest} of ${length} bytes`);
    }
    return await readRange(file, offset, length);
  } catch (cause) {
    throw cause instanceof PerfError ? cause : unreadable(modelPath, tensor, messageOf(cause), cause);
  }
}

/** The system gives at most 2 GiB at once, and less when it likes. */
async function readRange(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(bytes, filled, Math.min(length - filled, 2 ** 30), offset + filled);
    if (bytesRead === 0) throw new Error(`a file that became shorter than ${offset + length} bytes`);
    filled += bytesRead;
  }
  return bytes;
}

const unreadable = (modelPath: string, tensor: TensorProto, got: string, cause?: unknown): PerfError =>
  new PerfError(
    'model',
    `Cannot read the weight '${tensor.name}' of ${modelPath}: expected a file below its folder, got ${got}`,
    { cause },
  );
