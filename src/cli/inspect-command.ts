import { basename, extname, join } from 'node:path';
import type { Argv } from 'yargs';
import { formatInspection } from '../../reports/inspection.js';
import type { Inspection } from '../core/inspection.js';
import { PerfError } from '../core/perf-error.js';
import { parseModelConfig } from '../protocol/model-config-codec.js';
import { readModelDirectory } from '../server/repository/scan-repository.js';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { parseShapes } from './flags/input-data.js';
import { badFlag } from './flags/parse.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import type { GivenShapes } from './inspect/declared-tensors.js';
import { type InspectedModel, inspectModel } from './inspect/inspect-model.js';
import { loadOnnxruntime } from './inspect/onnx-session.js';
import { readModel } from './inspect/read-model.js';
import { repositoryFor } from './model-source.js';
import { writeModel } from './write-model.js';
import { checkDistinct, checkWritable, writeOutput } from './write-output.js';

const text = { type: 'string', requiresArg: true } as const;

export const inspectFlags = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', describe: 'An ONNX file' })
    .option('m', { ...text, alias: 'model-name', describe: 'A sample model, or one of --model-repository' })
    .option('model-repository', { ...text, describe: 'The folder that the model of -m lies in' })
    .option('shape', {
      ...text,
      array: true,
      default: [] as string[],
      describe:
        'Dimensions of an input with a variable shape: NAME:d1,d2,..., without the batch dimension (repeatable)',
    })
    .option('json', { ...text, describe: 'Write what is known as JSON' })
    .option('config', { ...text, describe: 'Write the suggested config.pbtxt' })
    .option('batchable', { ...text, describe: 'Write the model with a dynamic batch dimension, when a run proves it' })
    .check(refuseRepeats(['shape']))
    .example('$0 inspect model.onnx', 'What it takes and gives, how much it computes, whether it batches')
    .example('$0 inspect -m text_encoder --shape input_ids:128 --shape attention_mask:128', 'Shapes that vary')
    .example('$0 inspect fixed.onnx --batchable dynamic.onnx', 'Make the batch dimension dynamic');

interface InspectFlags {
  readonly file?: string | undefined;
  readonly m: string | undefined;
  readonly modelRepository: string | undefined;
  readonly shape: readonly string[];
  readonly json: string | undefined;
  readonly config: string | undefined;
  readonly batchable: string | undefined;
}

/** Says what is known of an ONNX model. Resolves with the exit code. */
export async function inspectCommand(flags: InspectFlags, context: CommandContext): Promise<number> {
  const shapes = givenShapes(flags.shape);
  const { file, modelName } = await modelFile(flags, context);
  const outputs = { '--json': flags.json, '--config': flags.config, '--batchable': flags.batchable };
  checkDistinct({ model: file, ...outputs });
  for (const [flag, output] of Object.entries(outputs)) if (output !== undefined) checkWritable(flag, output);
  const read = await readModel(file);
  const openOnnx = await loadOnnxruntime(context.progress.say);
  const inspected = await inspectModel(read, { modelName, shapes, openOnnx });
  context.progress.close();
  if (flags.m !== undefined) context.interrupt.signal.throwIfAborted(); // heard since the model was built
  const { inspection } = inspected;
  context.print(formatInspection(inspection));
  if (flags.json !== undefined) writeOutput('--json', flags.json, `${JSON.stringify(inspection, null, 2)}\n`);
  if (flags.config !== undefined) writeOutput('--config', flags.config, configOf(inspection));
  if (flags.batchable !== undefined) await writeBatchable(flags.batchable, inspected, context);
  if (inspection.run.kind === 'failed') {
    throw new PerfError(
      'model',
      `Cannot run ${file}: expected a model that ONNX Runtime runs, got: ${inspection.run.reason}`,
    );
  }
  return exitCodes.done;
}

/** @throws PerfError `usage` */
function givenShapes(texts: readonly string[]): GivenShapes {
  return Object.fromEntries(
    Object.entries(parseShapes('--shape', texts)).map(([name, choices]) => {
      const [choice, ...others] = choices;
      if (others.length > 0) throw badFlag('--shape', `one shape of '${name}'`, texts.join(' '));
      return [name, choice?.dims ?? []];
    }),
  );
}

/** The file of the model that is named, and what it is called. Rejects with `PerfError`. */
async function modelFile(
  { file, m, modelRepository }: InspectFlags,
  context: CommandContext,
): Promise<{ readonly file: string; readonly modelName: string }> {
  if ((file === undefined) === (m === undefined)) {
    const got = file === undefined ? 'none' : `both '${file}' and '${m}'`;
    throw new PerfError('usage', `Cannot inspect: expected a file or a model with -m, got ${got}`);
  }
  if (file !== undefined) return { file, modelName: basename(file, extname(file)) };
  const modelName = m ?? '';
  const { path, versions, configText } = await readModelDirectory(
    join(await repositoryFor([modelName], modelRepository, context), modelName),
  );
  const version = versions.at(-1);
  if (version === undefined)
    throw new PerfError('model', `Cannot inspect ${path}: expected a folder of a version, got none`);
  const { default_model_filename: fileName } = parseModelConfig(configText ?? '');
  return { file: join(path, String(version), fileName || 'model.onnx'), modelName };
}

function configOf({ config, file }: Inspection): string {
  if (config === undefined) {
    throw new PerfError('model', `Cannot write --config for ${file}: expected tensors of the v2 protocol, got others`);
  }
  return config;
}

async function writeBatchable(
  output: string,
  { inspection, batchable }: InspectedModel,
  { progress }: CommandContext,
): Promise<void> {
  const { batching } = inspection;
  if (batchable === undefined) {
    throw new PerfError(
      'model',
      `Cannot write --batchable ${output}: expected a model with a fixed batch dimension that can vary, got ${reasonOf(inspection)}`,
    );
  }
  await writeModel('--batchable', output, batchable.model);
  const rows = batching.kind === 'proven' ? batching.rows : 0;
  const changes = batchable.changes.length === 0 ? '' : `; ${batchable.changes.join('; ')}`;
  progress.say(`${output}: written, ${rows} rows in one run give what ${rows} single runs give${changes}`);
}

function reasonOf({ batching }: Inspection): string {
  switch (batching.kind) {
    case 'proven':
      return 'one that is dynamic already';
    case 'blocked':
      return batching.reasons.join('; ');
    case 'not-checked':
      return `one that was not checked (${batching.reason})`;
  }
}
