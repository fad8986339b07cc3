import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PerfError } from '../src/core/perf-error.js';
import { sweepTemporaryFiles, writeFileAtomically } from './atomic-file.js';
import { findSampleModel, type SampleModel } from './catalogue.js';
import { makeDirectory } from './make-directory.js';
import { isVerified, noteVerified } from './verified-file.js';

/** How to write a sample model. */
export interface WriteSampleModelOptions {
  /** Called while model.onnx is built, with the share that is written; not at all when the model is there. */
  readonly onProgress?: (fraction: number) => void;
  readonly signal?: AbortSignal;
  /**
   * What becomes of a config.pbtxt or model.onnx that is not what we ship. `replace`, the default, is for our cache.
   * `keep` is for a folder of the user: the config stays as it is, a different model is refused.
   */
  readonly existing?: 'replace' | 'keep';
}

/** Where a sample model is. */
export interface WrittenSampleModel {
  /** The model's directory in the repository. */
  readonly directory: string;
  /** Whether it was not there yet. */
  readonly built: boolean;
}

/**
 * Makes `<repository>/<name>/config.pbtxt` and `<repository>/<name>/1/model.onnx`, or returns at once when they are
 * there. Each file appears whole or not at all, and several processes may do this at the same time.
 *
 * Rejects with the reason of `signal`, or a PerfError: `model` for an unknown name or when the bytes that were built
 * do not have the catalogue's digest, `file` when the files cannot be written or others are in their place.
 */
export async function writeSampleModel(
  name: string,
  repository: string,
  options: WriteSampleModelOptions = {},
): Promise<WrittenSampleModel> {
  return await writeModelFiles(findSampleModel(name), repository, options);
}

/** As `writeSampleModel`, for a model at hand. */
export async function writeModelFiles(
  model: SampleModel,
  repository: string,
  options: WriteSampleModelOptions = {},
): Promise<WrittenSampleModel> {
  options.signal?.throwIfAborted();
  try {
    return await writeFiles(model, join(repository, model.name), options);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new PerfError(
      'file',
      `Cannot write the sample model ${model.name}: expected a writable folder with room for it at ${repository}, got ${messageOf(error)}`,
      { cause: error },
    );
  }
}

async function writeFiles(
  model: SampleModel,
  directory: string,
  options: WriteSampleModelOptions,
): Promise<WrittenSampleModel> {
  const versionDirectory = join(directory, '1');
  await makeDirectory(versionDirectory);
  await sweepTemporaryFiles(directory);
  await sweepTemporaryFiles(versionDirectory);
  const path = join(versionDirectory, 'model.onnx');
  const built = !(await isVerified(path, model));
  if (built) {
    if (options.existing === 'keep') await refuseExisting(path, model);
    await writeFileAtomically(path, verifiedBytes(model, options));
    await noteVerified(path, model.sha256);
  }
  await writeConfig(model, join(directory, 'config.pbtxt'), options);
  return { directory, built };
}

async function refuseExisting(path: string, model: SampleModel): Promise<void> {
  const existing = await stat(path).catch(() => undefined);
  if (existing === undefined) return;
  throw new PerfError(
    'file',
    `Cannot write the sample model ${model.name}: expected no other model at ${path}, got one of ${existing.size} bytes`,
    { hint: 'Choose another folder, or move that model away.' },
  );
}

/** The bytes of model.onnx as they are computed; throws at their end when they are not the expected ones. */
async function* verifiedBytes(
  model: SampleModel,
  { onProgress, signal }: WriteSampleModelOptions,
): AsyncGenerator<Uint8Array, void> {
  const { encodeInParts } = await import('../src/onnx/encode-model.js');
  const { sizeBytes, parts } = encodeInParts(await model.build());
  const hash = createHash('sha256');
  let writtenBytes = 0;
  for (const part of parts()) {
    signal?.throwIfAborted();
    hash.update(part);
    yield part; // each part is written before the next is computed, so the event loop turns in between
    writtenBytes += part.length;
    onProgress?.(writtenBytes / sizeBytes);
  }
  signal?.throwIfAborted();
  const sha256 = hash.digest('hex');
  if (sha256 !== model.sha256) throw wrongBytes(model, `${writtenBytes} bytes with sha256 ${sha256}`);
}

function wrongBytes({ name, sizeBytes, sha256 }: SampleModel, got: string): PerfError {
  return new PerfError(
    'model',
    `Cannot build the sample model ${name}: expected ${sizeBytes} bytes with sha256 ${sha256}, got ${got}`,
  );
}

async function writeConfig(model: SampleModel, path: string, { existing }: WriteSampleModelOptions): Promise<void> {
  // Relative to dist/sample-models; the configurations are not compiled and stay among the sources.
  const shipped = await readFile(new URL(`../../sample-models/${model.name}/config.pbtxt`, import.meta.url));
  const current = await readFile(path).catch(() => undefined);
  if (current !== undefined && (existing === 'keep' || current.equals(shipped))) return;
  await writeFileAtomically(
    path,
    (async function* () {
      yield shipped;
    })(),
  );
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
