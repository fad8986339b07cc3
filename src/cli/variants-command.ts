import type { Argv } from 'yargs';
import { PerfError } from '../core/perf-error.js';
import type { SearchLimit } from '../core/search-result.js';
import type { VariantsResult } from '../core/variants-result.js';
import { defaultLimits } from '../precision/accuracy/gate.js';
import { calibrations } from '../precision/calibration/range-of.js';
import { type Precision, precisions } from '../precision/make-variant.js';
import { optimizationLevels } from '../precision/runtime/optimize-offline.js';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { milliseconds } from './flags/duration.js';
import { goalFlags, parseGoal } from './flags/goal-flags.js';
import { parseInputData, parseShapes } from './flags/input-data.js';
import { badFlag, oneOf, parseInteger } from './flags/parse.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { checkVerified, parseVerify, verifyFlags } from './flags/verify-flags.js';
import { locateModel } from './variants/locate-model.js';
import { runVariants, type VariantsWish } from './variants/run-variants.js';
import { weightBitsOf } from './variants/weight-bits.js';
import { writeAccelerated } from './variants/write-accelerated.js';
import { writeForms } from './variants/write-variants.js';
import { checkDocumentFiles, documentText, writeDocument } from './write-document.js';
import { checkDistinct } from './write-output.js';

const text = { type: 'string', requiresArg: true } as const;

export function variantsFlags(yargs: Argv) {
  return yargs
    .options({
      m: { ...text, alias: 'model-name', demandOption: true, describe: 'Model, or an ONNX file', group: 'Model:' },
      'model-repository': {
        ...text,
        describe: 'Repository of the model',
        defaultDescription: 'the sample models',
        group: 'Model:',
      },
      precisions: {
        ...text,
        default: precisions.join(','),
        describe: 'What to make of it, separated by commas',
        group: 'Variants:',
      },
      'keep-fp32': {
        ...text,
        array: true,
        default: [] as string[],
        describe: 'Node, nodes beginning with PREFIX*, or operator that stays in FP32 (repeatable)',
        group: 'Variants:',
      },
      'weight-bits': {
        ...text,
        describe: '8, or 7 for processors without VNNI',
        defaultDescription: 'what suits this processor',
        group: 'Variants:',
      },
      calibration: {
        ...text,
        default: 'minmax',
        describe: `How int8-static finds ranges: ${calibrations.join(', ')}`,
        group: 'Variants:',
      },
      'optimize-level': {
        ...text,
        default: 'basic',
        describe: `What optimized is: ${optimizationLevels.join(', ')}`,
        group: 'Variants:',
      },
      ...verifyFlags,
      constraint: { ...goalFlags.constraint, defaultDescription: 'accuracy_cosine:min=0.99', group: 'Variants:' },
      'write-to': { ...text, describe: 'Write the variants that pass into this repository', group: 'Variants:' },
      'write-as': {
        ...text,
        default: 'models',
        describe: 'models (MODEL_PRECISION), or versions of one model, of which the original is 1',
        group: 'Variants:',
      },
      target: {
        ...text,
        default: 'cpu',
        describe: 'cpu, or triton-gpu: write configurations for TensorRT instead of making variants',
        group: 'Variants:',
      },
      'batch-sizes': { ...text, default: '1,16,32,64', describe: 'Batch sizes to time', group: 'Timing:' },
      threads: { ...text, default: '1', describe: 'Threads that compute', group: 'Timing:' },
      'max-time': { ...text, default: '10s', describe: 'Time for each batch size, such as 10s', group: 'Timing:' },
      shape: {
        ...text,
        array: true,
        default: [] as string[],
        describe: 'Shape of a variable input, NAME:d1,d2,... (repeatable)',
        group: 'Data:',
      },
      'input-data': {
        ...text,
        array: true,
        default: [] as string[],
        defaultDescription: 'random',
        describe: 'random, zero, a folder with a file for each input, or a JSON file (repeatable)',
        group: 'Data:',
      },
      input: {
        ...text,
        array: true,
        default: [] as string[],
        describe: 'How one input is made, NAME:KIND(...) (repeatable)',
        group: 'Data:',
      },
      seed: { ...text, default: '0', describe: 'Seed of input data', group: 'Data:' },
      f: { ...text, alias: 'csv', describe: 'Write a row for each variant and batch size as CSV', group: 'Reports:' },
      json: { ...text, describe: 'Write everything as one JSON document', group: 'Reports:' },
      html: { ...text, describe: 'Write one self-contained page', group: 'Reports:' },
    })
    .check(refuseRepeats(['keep-fp32', 'keepFp32', 'constraint', 'shape', 'input-data', 'inputData', 'input']))
    .example('$0 variants -m mlp', 'What smaller numbers buy for a sample model')
    .example('$0 variants -m det.onnx --shape x:3,640,640 --precisions int8-dynamic', 'One variant of a file')
    .example('$0 variants -m mlp --write-to ./models', 'Keep the variants that pass, each as a model');
}

type ParsedFlags = Awaited<ReturnType<typeof variantsFlags>['argv']>;

/** Makes, checks and times variants of a model. Resolves with the exit code. */
export async function variantsCommand(argv: ParsedFlags, context: CommandContext): Promise<number> {
  const wish = wishOf(argv);
  if (oneOf('--target', argv.target, ['cpu', 'triton-gpu']) === 'triton-gpu') return await writeForGpus(wish, context);
  const { f: csv, json, html } = argv;
  checkDistinct({ '-f': csv, '--json': json, '--html': html });
  checkDocumentFiles({ csv, json, html });
  const result = await runVariants(wish, context);
  await writeDocument(result, { csv, json, html });
  context.print(documentText(result));
  return exitCodeOf(result, argv);
}

/** Without a GPU there is nothing to check or to time here. */
async function writeForGpus(
  { model, modelRepository, writeTo }: VariantsWish,
  context: CommandContext,
): Promise<number> {
  if (writeTo === undefined) {
    throw new PerfError('usage', 'Cannot use --target triton-gpu: expected --write-to with a repository, got none');
  }
  const located = await locateModel(model, modelRepository, context);
  const names = await writeAccelerated(writeTo.repository, located);
  context.print(
    `${names.map((name) => `${name}: written into ${writeTo.repository}, not measured`).join('\n')}\nServe them with Triton on a GPU and measure them with -u; ONNX Runtime computes on CPUs here.\n`,
  );
  return exitCodes.done;
}

/** A variant that was asked for by name must pass; one that was tried may be refused. */
function exitCodeOf({ variants }: VariantsResult, argv: ParsedFlags): number {
  const isAsked = argv.precisions !== precisions.join(',');
  return isAsked && variants.some(({ refusal }) => refusal !== undefined) ? exitCodes.gateFailed : exitCodes.done;
}

/** @throws PerfError `usage` */
function wishOf(argv: ParsedFlags): VariantsWish {
  const maxTimeMs = milliseconds(argv.maxTime);
  if (maxTimeMs === undefined) throw badFlag('--max-time', 'a time such as 500ms, 10s or 2m', argv.maxTime);
  const batchSizes = argv.batchSizes.split(',').map((size) => parseInteger('--batch-sizes', size.trim(), 1));
  return {
    model: argv.m,
    modelRepository: argv.modelRepository,
    precisions: listOf(argv.precisions),
    batchSizes: [...new Set(batchSizes)].sort((left, right) => left - right),
    data: parseInputData({ ...argv, stringLength: '128', stringData: undefined, tolerance: '0' }),
    shapes: parseShapes('--shape', argv.shape),
    seed: parseInteger('--seed', argv.seed, 0),
    threads: parseInteger('--threads', argv.threads, 1),
    weightBits: weightBitsOf(argv.weightBits),
    keepInFp32: argv.keepFp32,
    calibration: oneOf('--calibration', argv.calibration, calibrations),
    optimization: oneOf('--optimize-level', argv.optimizeLevel, optimizationLevels),
    verify: parseVerify(argv),
    limits: limitsOf(argv),
    maxTimeMs,
    writeTo: writeToOf(argv),
  };
}

const listOf = (given: string): Precision[] => [
  ...new Set(given.split(',').map((name) => oneOf('--precisions', name.trim(), precisions))),
];

function writeToOf({ writeTo, writeAs }: ParsedFlags): VariantsWish['writeTo'] {
  const as = oneOf('--write-as', writeAs, writeForms);
  return writeTo === undefined ? undefined : { repository: writeTo, as };
}

function limitsOf({ constraint, ...flags }: ParsedFlags): readonly SearchLimit[] {
  if (constraint.length === 0) return defaultLimits;
  const { constraints } = parseGoal({ objective: [], constraint });
  checkVerified(
    constraints.map(({ metric }) => metric.tag),
    parseVerify(flags),
  );
  return constraints.map(({ metric: { tag }, ...limits }) => {
    if (!tag.startsWith('accuracy_')) {
      const expected = 'accuracy_cosine, accuracy_top1, accuracy_rel_rmse or accuracy_verify';
      throw new PerfError('usage', `Cannot use --constraint ${tag} with variants: expected ${expected}, got '${tag}'`);
    }
    return { metric: tag, ...limits };
  });
}
