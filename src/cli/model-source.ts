import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findSampleModel } from '../../sample-models/catalogue.js';
import { writeSampleModel } from '../../sample-models/write-sample-model.js';
import { cacheDirectory } from '../core/cache-directory.js';
import { PerfError } from '../core/perf-error.js';
import type { CommandContext } from './command-context.js';

/**
 * The repository that the embedded server is to serve models from: the user's, or that of the sample models, where each
 * is built if it is not there yet.
 *
 * @throws PerfError `file` when the user's repository is not there, `model` when a model is not known
 */
export async function repositoryFor(
  modelNames: readonly string[],
  userRepository: string | undefined,
  { progress, interrupt }: CommandContext,
): Promise<string> {
  if (userRepository !== undefined) {
    if (!existsSync(userRepository)) {
      throw new PerfError('file', `Cannot read --model-repository ${userRepository}: expected a folder, got none`);
    }
    const missing = modelNames.find((name) => !existsSync(join(userRepository, name)));
    if (missing !== undefined) {
      throw new PerfError(
        'model',
        `Cannot serve model '${missing}': expected a folder ${join(userRepository, missing)}, got none`,
      );
    }
    return userRepository;
  }
  const directory = join(cacheDirectory(), 'sample-models');
  for (const name of modelNames) findKnown(name);
  for (const name of modelNames) {
    await writeSampleModel(name, directory, {
      signal: interrupt.signal,
      onProgress: (fraction) => progress.show(`building sample model ${name} in ${directory}`, fraction),
    });
  }
  return directory;
}

/** As `findSampleModel`, with a hint for those who meant a model of their own. */
function findKnown(modelName: string): void {
  try {
    findSampleModel(modelName);
  } catch (cause) {
    if (!(cause instanceof PerfError)) throw cause;
    const hint = [cause.hint, 'Name your own models with --model-repository, or a running server with -u.'].filter(
      Boolean,
    );
    throw new PerfError(cause.code, cause.message, { hint: hint.join(' '), cause });
  }
}
