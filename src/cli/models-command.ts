import type { Argv } from 'yargs';
import { formatTable } from '../../reports/table.js';
import { sampleModels } from '../../sample-models/catalogue.js';
import { writeSampleModel } from '../../sample-models/write-sample-model.js';
import { PerfError } from '../core/perf-error.js';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { refuseRepeats } from './flags/refuse-repeats.js';

export function modelsFlags(yargs: Argv) {
  return yargs
    .option('build', {
      type: 'string',
      requiresArg: true,
      describe: 'Write a model repository with the sample models into this folder',
    })
    .option('m', {
      alias: 'model-name',
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'Build only this model (repeatable)',
    })
    .check(refuseRepeats(['m', 'model-name', 'modelName']))
    .example('$0 models', 'List the sample models')
    .example('$0 models --build ./models', "Write them all, in Triton's layout");
}

interface ModelsFlags {
  readonly build: string | undefined;
  readonly m: readonly string[] | undefined;
}

/** Lists the sample models, or builds them into a repository. Resolves with the exit code. */
export async function modelsCommand({ build, m }: ModelsFlags, context: CommandContext): Promise<number> {
  if (build === undefined) {
    if (m !== undefined) {
      throw new PerfError('usage', `Cannot use -m ${m.join(' -m ')}: expected --build DIR with it, got none`);
    }
    context.print(`${listing()}\n`);
    return exitCodes.done;
  }
  for (const name of m ?? sampleModels.map((model) => model.name)) {
    await writeSampleModel(name, build, {
      existing: 'keep',
      signal: context.interrupt.signal,
      onProgress: (fraction) => context.progress.show(`building ${name}`, fraction),
    });
    context.progress.say(`${name}: ready in ${build}/${name}`);
  }
  context.progress.close();
  return exitCodes.done;
}

const listing = (): string =>
  formatTable(
    [
      { title: 'model', value: ({ name }) => name, align: 'left' },
      { title: 'MB', value: ({ sizeBytes }) => sizeBytes / 1e6, digits: 1 },
      { title: 'what', value: ({ description }) => description, align: 'left' },
    ],
    sampleModels,
  );
