import { open, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { messageOf, PerfError } from '../core/perf-error.js';
import { decodeModel } from '../onnx/decode-model.js';
import type { ModelProto, TensorProto } from '../onnx/model-proto.js';
import { mapTensors } from './rewrite/standard-graph.js';

/** A protobuf message holds no more, and so no ONNX file. */
const largestBytes = 2 ** 31 - 1;

/** A model with all of its weights at hand, also those that lie in files beside it. The files are only read. */
export async function readModelFile(path: string): Promise<ModelProto> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new PerfError('file', `Cannot read the model ${path}: ${messageOf(cause)}`, { cause });
  });
  if (found.size > largestBytes) throw tooLarge(path, found.size);
  const model = decodeModel(await readFile(path));
  const parts = new Map<TensorProto, Uint8Array>();
  let sizeBytes = found.size;
  for (const tensor of externalTensors(model)) {
    const bytes = await readExternal(path, tensor);
    sizeBytes += bytes.length;
    if (sizeBytes > largestBytes) throw tooLarge(path, sizeBytes);
    parts.set(tensor, bytes);
  }
  if (parts.size === 0) return model;
  return mapTensors(model, (tensor) => {
    const rawData = parts.get(tensor);
    if (rawData === undefined) return tensor;
    const { externalData: _, dataLocation: __, ...rest } = tensor;
    return { ...rest, rawData };
  });
}

function tooLarge(path: string, got: number): PerfError {
  return new PerfError(
    'model',
    `Cannot rewrite the model ${path}: expected at most ${largestBytes} bytes with all of its weights, got ${got}`,
  );
}

function externalTensors(model: ModelProto): TensorProto[] {
  const tensors: TensorProto[] = [];
  mapTensors(model, (tensor) => {
    if (tensor.dataLocation === 1) tensors.push(tensor);
    return tensor;
  });
  return tensors;
}

/** ONNX, External data: `location` is relative to the model's folder and must not leave it. */
async function readExternal(modelPath: string, tensor: TensorProto): Promise<Uint8Array> {
  const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value]));
  const location = normalize(entries.get('location') ?? '');
  const refuse = (got: string): PerfError =>
    new PerfError(
      'model',
      `Cannot read the weight '${tensor.name}' of ${modelPath}: expected a file below its folder, got ${got}`,
    );
  if (isAbsolute(location) || location === '.' || location.split(/[\\/]/).includes('..')) throw refuse(`'${location}'`);
  const path = join(dirname(modelPath), location);
  const offset = Number(entries.get('offset') ?? 0);
  try {
    const file = await open(path, 'r');
    try {
      const rest = (await file.stat()).size - offset;
      const length = Number(entries.get('length') ?? rest);
      if (!(length >= 0 && length <= rest)) throw refuse(`a file with ${rest} of ${length} bytes`);
      const bytes = new Uint8Array(length);
      await file.read(bytes, 0, length, offset);
      return bytes;
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw cause instanceof PerfError ? cause : refuse(messageOf(cause));
  }
}
