import { basename, dirname, join } from 'node:path';
import { writeFileAtomically } from '../../sample-models/atomic-file.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import { encodeFiles } from '../onnx/encode-files.js';
import { encodeModel } from '../onnx/encode-model.js';
import type { ModelProto } from '../onnx/model-proto.js';
import { writeOutput } from './write-output.js';

/**
 * Writes a model as a whole or not at all; one that is too long for a file has its weights in another one beside it.
 *
 * @throws PerfError `file`
 */
export async function writeModel(flag: string, file: string, model: ModelProto): Promise<void> {
  const files = encodeFiles(model, basename(file));
  if (files.length === 1) {
    writeOutput(flag, file, encodeModel(model));
    return;
  }
  try {
    for (const { name, parts } of files) {
      await writeFileAtomically(
        join(dirname(file), name),
        (async function* () {
          yield* parts();
        })(),
      );
    }
  } catch (cause) {
    throw new PerfError('file', `Cannot write ${flag} ${file}: ${messageOf(cause)}`, { cause });
  }
}
