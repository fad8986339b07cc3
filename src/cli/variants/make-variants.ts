import { dirname } from 'node:path';
import type { ModelSignature } from '../../../analyzer/data/model-signature.js';
import { prepareRequests } from '../../../analyzer/data/prepare-requests.js';
import { cacheDirectory } from '../../core/cache-directory.js';
import type { InputDataSettings, ShapeChoice } from '../../core/input-data.js';
import { manifest } from '../../core/package-manifest.js';
import { PerfError } from '../../core/perf-error.js';
import type { SearchLimit } from '../../core/search-result.js';
import { rememberedAnswers } from '../../precision/accuracy/answers.js';
import { compareAnswers } from '../../precision/accuracy/compare-answers.js';
import { limitsWithVerified } from '../../precision/accuracy/gate.js';
import type { Calibration } from '../../precision/calibration/range-of.js';
import type { Precision } from '../../precision/make-variant.js';
import { readModelFile } from '../../precision/read-model-file.js';
import { openSession, type Session } from '../../precision/runtime/open-session.js';
import type { OptimizationLevel } from '../../precision/runtime/optimize-offline.js';
import type { SentTensors } from '../../precision/runtime/session-messages.js';
import { resolveOnnxruntime } from '../../server/backends/onnxruntime/resolve-onnxruntime.js';
import type { CommandContext } from '../command-context.js';
import { type BuildOptions, type BuiltVariant, buildVariant } from './build-variant.js';
import type { LocatedModel } from './locate-model.js';
import { feedsOf, signatureOf } from './model-of-session.js';
import { singleInferences } from './single-inferences.js';
import { createVerify, type VerifyWish } from './verify-answers.js';

/** What variants are made with, and what they are held to. */
export interface MakeWish {
  readonly precisions: readonly Precision[];
  readonly data: InputDataSettings;
  readonly shapes: Readonly<Record<string, readonly ShapeChoice[]>>;
  readonly seed: number;
  /** That compute, of each session. */
  readonly threads: number;
  readonly weightBits: 7 | 8;
  readonly keepInFp32: readonly string[];
  readonly calibration: Calibration;
  readonly optimization: OptimizationLevel;
  readonly limits: readonly SearchLimit[];
  readonly verify?: VerifyWish | undefined;
}

export interface MakeOptions {
  readonly located: LocatedModel;
  /** Where a variant is written. */
  readonly pathOf: (precision: Precision) => string;
  readonly context: Pick<CommandContext, 'progress' | 'interrupt'>;
}

/** Variants of a model, and what they are compared on; the sessions live until it is disposed. */
export interface MadeVariants extends AsyncDisposable {
  readonly original: Session;
  readonly signature: ModelSignature;
  /** Requests of so many inferences. */
  readonly requestsOf: (batchSize: number) => SentTensors[];
  /** Inferences that the accuracy is of. */
  readonly samples: number;
  /** Those of the wish, and that of the user's module. */
  readonly limits: readonly SearchLimit[];
  /** What the user's module says of the original, and of how many inferences. */
  readonly verified?: { readonly score: number; readonly samples: number };
  /** In the order of the precisions. */
  readonly built: readonly BuiltVariant[];
}

/** Inferences in each of the requests that accuracy is judged on, where the model batches. */
const sampleBatch = 4;

/** Makes the variants of a model and compares their answers with those of the original. */
export async function makeVariants(wish: MakeWish, { located, pathOf, context }: MakeOptions): Promise<MadeVariants> {
  const { progress, interrupt } = context;
  const version = manifest.optionalDependencies['onnxruntime-node'] ?? 'latest';
  const where = { cacheDirectory: cacheDirectory(), version, log: progress.say, from: import.meta.url };
  const packagePath = await resolveOnnxruntime(where);
  const model = await readModelFile(located.path);
  const sessions: Session[] = [];
  const close = async (): Promise<void> => {
    for (const session of sessions.splice(0).toReversed()) await session[Symbol.asyncDispose]();
  };
  const open = async (modelPath: string): Promise<Session> => {
    const session = await openSession({ packagePath, modelPath, threads: wish.threads, level: 'all' });
    sessions.push(session);
    return session;
  };
  try {
    const original = await open(located.path);
    const signature = signatureOf(located, original);
    const requestsOf = (batchSize: number): SentTensors[] =>
      prepareRequests({ ...wish, signature, batchSize }).map(({ request }) => feedsOf(request.inputs));
    const ofSample = signature.isBatching ? sampleBatch : 1;
    const samples = requestsOf(ofSample);
    const singleSamples = signature.isBatching ? samples.flatMap(singleInferences) : samples;
    const singles = wish.verify && requestsOf(1);
    const verify = wish.verify && singles && (await createVerify(wish.verify, singles));
    const score = await verify?.(original);
    const limits = limitsWithVerified(wish.limits, score);
    const made = { model, modelPath: located.path, packagePath, expected: rememberedAnswers(original), open };
    const settings = { ...wish, ...made, samples, singleSamples, limits, verify };
    await checkSteady(original, settings);
    const built: BuiltVariant[] = [];
    for (const precision of wish.precisions) {
      interrupt.signal.throwIfAborted();
      progress.show(`making ${precision} of ${located.name}`);
      const path = pathOf(precision);
      // Beside the variants: whoever removes these of a run that was killed removes all.
      built.push(await buildVariant({ ...settings, precision, path, temporary: dirname(path) }));
    }
    const count = samples.length * ofSample;
    const verified =
      score === undefined || singles === undefined ? {} : { verified: { score, samples: singles.length } };
    return {
      original,
      signature,
      requestsOf,
      samples: count,
      limits,
      ...verified,
      built,
      [Symbol.asyncDispose]: close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** How alike two answers to one request must be: cosine, or share of equal elements. */
const alike = 0.999;

/** A model that draws random numbers cannot be compared with anything, but by the user's own module. */
async function checkSteady(
  original: Session,
  { expected, samples, limits }: Pick<BuildOptions, 'expected' | 'samples' | 'limits'>,
): Promise<void> {
  if (limits.every(({ metric }) => metric === 'accuracy_verify')) return;
  const [first = {}] = samples;
  const once = await expected.to(first);
  const outputs = await compareAnswers({ ...expected, to: async () => once }, original, [first]);
  const other = outputs.find(({ cosine, equal }) => (cosine ?? equal ?? 1) < alike);
  if (other === undefined) return;
  throw new PerfError(
    'model',
    `Cannot compare variants: expected the original to answer one request alike each time, got another output '${other.name}'`,
  );
}
