import { cp, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { PerfError } from '../../core/perf-error.js';
import type { Candidate, Metrics } from '../../core/trial.js';
import { dataFileOf } from '../../onnx/encode-files.js';
import { type AccuracyMetrics, accuracyMetrics } from '../../precision/accuracy/gate.js';
import { type Precision, precisions } from '../../precision/make-variant.js';
import type { CommandContext } from '../command-context.js';
import { temporaryFolder } from '../temporary-folder.js';
import type { BuiltVariant } from '../variants/build-variant.js';
import { type LocatedModel, locateModel } from '../variants/locate-model.js';
import { type MadeVariants, type MakeWish, makeVariants } from '../variants/make-variants.js';
import { asItIs, variantFileName } from './precision-names.js';

/** Of a variant that is the model itself. */
const same: Required<Omit<AccuracyMetrics, 'accuracy_verify'>> = {
  accuracy_cosine: 1,
  accuracy_top1: 1,
  accuracy_rel_rmse: 0,
};

/** What is to be made of a model before it is searched. */
export type PrecisionWish = MakeWish;

/** A model with its variants beside it, as files of the same version, in a repository of its own that is removed when disposed. */
export interface StagedPrecisions extends AsyncDisposable {
  readonly repository: string;
  /** Of those that must not be used, why. */
  readonly refusals: ReadonlyMap<string, string>;
  /** How near the answers of a candidate's variant come to those of the model. */
  accuracyOf(candidate: Candidate): Metrics;
  /** The file of a candidate's variant, and where it lies in the folder of a model; `undefined` for the model as it is. */
  fileOf(candidate: Candidate): { readonly path: string; readonly place: string } | undefined;
}

export interface StageOptions {
  readonly modelName: string;
  /** Of the original, which is only read. */
  readonly repository: string;
  readonly context: CommandContext;
}

/**
 * Makes the variants of a model and judges their answers, each once. A server of the repository that comes out of it has them all: which one
 * it serves is a matter of `default_model_filename`.
 *
 * @throws PerfError `model` for a model that is no ONNX file, or one that is a variant already
 */
export async function stagePrecisions(
  wish: PrecisionWish,
  { modelName, repository, context }: StageOptions,
): Promise<StagedPrecisions> {
  const located = await locateModel(modelName, repository, context);
  checkOriginal(located);
  const folder = await temporaryFolder('search');
  try {
    const version = basename(dirname(located.path));
    const staged = join(folder.path, modelName, version);
    await linkModel(join(repository, modelName), join(folder.path, modelName), version);
    const pathOf = (precision: Precision): string => join(staged, variantFileName(precision));
    const { built, verified } = await makeAndJudge(wish, { located, pathOf, context });
    for (const { variant, path } of built) {
      if (variant.refusal === undefined) continue;
      for (const file of [path, dataFileOf(path)]) await rm(file, { force: true });
    }
    const accuracy = accuraciesOf(built, verified?.score);
    return {
      repository: folder.path,
      refusals: new Map(
        built.flatMap(({ variant: { precision, refusal } }) =>
          refusal === undefined ? [] : [[precision, `${precision}: ${refusal}`]],
        ),
      ),
      accuracyOf: ({ precision = asItIs }) => accuracy.get(String(precision)) ?? {},
      fileOf: ({ precision }) => {
        const made = precisions.find((each) => each === precision);
        return made && { path: pathOf(made), place: join(version, variantFileName(made)) };
      },
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  } catch (thrown) {
    await folder[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** The sessions that judge are closed before anything is timed. */
async function makeAndJudge(
  wish: PrecisionWish,
  options: Parameters<typeof makeVariants>[1],
): Promise<Pick<MadeVariants, 'built' | 'verified'>> {
  await using made = await makeVariants(wish, options);
  return made;
}

/** The model as it is keeps everything that could be told of the others. */
function accuraciesOf(built: readonly BuiltVariant[], verified: number | undefined): Map<string, Metrics> {
  const compared = built.filter(({ variant }) => variant.accuracy.length > 0);
  const told = compared.map(
    ({ variant }) => [variant.precision, { ...accuracyMetrics(variant.accuracy, variant.verified) }] as const,
  );
  const tags = compared.length === 0 ? Object.keys(same) : told.flatMap(([, metrics]) => Object.keys(metrics));
  const own = Object.fromEntries(Object.entries(same).filter(([tag]) => tags.includes(tag)));
  const ownVerified = verified === undefined ? {} : { accuracy_verify: verified };
  return new Map<string, Metrics>([[asItIs, { ...own, ...ownVerified }], ...told]);
}

function checkOriginal({ name, path, config }: LocatedModel): void {
  const cannot = (expected: string, got: string): PerfError =>
    new PerfError('model', `Cannot search precisions of '${name}': expected ${expected}, got ${got}`);
  if (precisions.some((precision) => basename(path) === variantFileName(precision))) {
    throw cannot('its original file', `default_model_filename ${basename(path)}, which is a variant`);
  }
  const policy = config?.parsed.version_policy;
  const isHighest = policy === undefined || (policy.latest?.num_versions ?? 2) <= 1;
  if (!isHighest) throw cannot('a version_policy of the latest version alone', JSON.stringify(policy));
}

/** Links to everything but other versions, and makes a folder of the version itself, so that files can be added to it. */
async function linkModel(source: string, target: string, version: string): Promise<void> {
  await mkdir(join(target, version), { recursive: true });
  for (const name of await readdir(source)) {
    if (/^[1-9]\d*$/.test(name)) continue;
    if (name === 'config.pbtxt') await cp(join(source, name), join(target, name));
    else await symlink(resolve(source, name), join(target, name));
  }
  for (const name of await readdir(join(source, version))) {
    await symlink(resolve(source, version, name), join(target, version, name));
  }
}
