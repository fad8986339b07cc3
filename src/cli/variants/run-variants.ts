import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tool } from '../../core/package-manifest.js';
import { PerfError } from '../../core/perf-error.js';
import type { Variant, VariantsResult, VariantTiming } from '../../core/variants-result.js';
import { filesBeside } from '../../precision/read-model-file.js';
import type { Session } from '../../precision/runtime/open-session.js';
import type { SentTensors } from '../../precision/runtime/session-messages.js';
import type { CommandContext } from '../command-context.js';
import { describeMachine } from '../machine.js';
import { temporaryFolder } from '../temporary-folder.js';
import { explainVariant } from './explain-variant.js';
import { locateModel } from './locate-model.js';
import { type MadeVariants, type MakeWish, makeVariants } from './make-variants.js';
import { timeVariants } from './time-variants.js';
import { checkTarget, type WriteTarget, writeVariants } from './write-variants.js';

/** What `variants` is asked for. */
export interface VariantsWish extends MakeWish {
  readonly model: string;
  readonly modelRepository: string | undefined;
  readonly batchSizes: readonly number[];
  /** For each batch size. */
  readonly maxTimeMs: number;
  readonly writeTo: WriteTarget | undefined;
}

/** Makes the variants, compares their answers, times those that pass, and writes them into a repository if that is wished. */
export async function runVariants(wish: VariantsWish, context: CommandContext): Promise<VariantsResult> {
  const { progress } = context;
  const startedAt = new Date().toISOString();
  const located = await locateModel(wish.model, wish.modelRepository, context);
  if (wish.writeTo !== undefined) checkTarget(wish.writeTo, located.name);
  await using folder = await temporaryFolder('variants');
  const pathOf = (precision: string): string => join(folder.path, `${precision}.onnx`);
  await using made = await makeVariants(wish, { located, pathOf, context });
  const { built, original, signature, requestsOf } = made;
  const passed = built.flatMap(({ session, ...rest }) => (session === undefined ? [] : [{ session, ...rest }]));
  const sessions = [original, ...passed.map(({ session }) => session)];
  const timings = await timeAll(sessions, { wish, isBatching: signature.isBatching, located, requestsOf, context });
  const base: Variant = { ...(await originalOf(located.path, made)), timings: timings[0] ?? [] };
  const variants = built.map(({ variant, session }): Variant => {
    const timed = { ...variant, timings: timings[session === undefined ? -1 : sessions.indexOf(session)] ?? [] };
    return { ...timed, notes: explainVariant(timed, base) };
  });
  if (wish.writeTo !== undefined) await writeVariants(wish.writeTo, { located, passed, say: progress.say });
  progress.close();
  return {
    format: 'perf-analyze/variants',
    formatVersion: 1,
    tool,
    startedAt,
    machine: describeMachine(),
    model: located.name,
    modelPath: located.path,
    threads: wish.threads,
    weightBits: wish.weightBits,
    samples: made.samples,
    ...(wish.verify && made.verified && { verify: { module: wish.verify.module, samples: made.verified.samples } }),
    limits: made.limits,
    variants: [base, ...variants],
  };
}

async function originalOf(path: string, { original, verified }: MadeVariants): Promise<Omit<Variant, 'timings'>> {
  const files = [path, ...(await filesBeside(path)).map((name) => join(dirname(path), name))];
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return {
    precision: 'original',
    sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
    kept: [],
    loadMs: original.loadMs,
    ...(verified && { verified: verified.score }),
    accuracy: [],
    notes: [],
  };
}

interface TimeAll {
  readonly wish: VariantsWish;
  readonly isBatching: boolean;
  readonly located: { readonly config?: { readonly parsed: { readonly max_batch_size: number } } };
  readonly requestsOf: (batchSize: number) => SentTensors[];
  readonly context: CommandContext;
}

/** The timings of each session, by batch size. */
async function timeAll(sessions: readonly Session[], options: TimeAll): Promise<VariantTiming[][]> {
  const { wish, isBatching, located, requestsOf, context } = options;
  const most = isBatching ? located.config?.parsed.max_batch_size || Number.POSITIVE_INFINITY : 1;
  const batchSizes = isBatching ? wish.batchSizes.filter((batch) => batch <= most) : [1];
  if (batchSizes.length === 0) {
    throw new PerfError(
      'usage',
      `Cannot time the variants: expected a --batch-sizes of at most ${most}, got larger ones`,
    );
  }
  const timings: VariantTiming[][] = sessions.map(() => []);
  for (const batch of batchSizes) {
    context.progress.show(`timing ${sessions.length} variants at batch ${batch}`);
    const [feeds = {}] = requestsOf(batch);
    const plan = {
      batch,
      feeds,
      maxMs: wish.maxTimeMs,
      signal: context.interrupt.signal,
      now: () => performance.now(),
    };
    const timed = await timeVariants(sessions, plan);
    timed.forEach((timing, index) => {
      timings[index]?.push(timing);
    });
  }
  return timings;
}
