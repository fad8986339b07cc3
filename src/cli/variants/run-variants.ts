import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareRequests } from '../../../analyzer/data/prepare-requests.js';
import { cacheDirectory } from '../../core/cache-directory.js';
import type { InputDataSettings, ShapeChoice } from '../../core/input-data.js';
import { manifest, tool } from '../../core/package-manifest.js';
import { PerfError } from '../../core/perf-error.js';
import type { SearchLimit } from '../../core/search-result.js';
import type { Variant, VariantsResult, VariantTiming } from '../../core/variants-result.js';
import type { Calibration } from '../../precision/calibration/range-of.js';
import type { Precision } from '../../precision/make-variant.js';
import { readModelFile } from '../../precision/read-model-file.js';
import { openSession, type Session } from '../../precision/runtime/open-session.js';
import type { SentTensors } from '../../precision/runtime/session-messages.js';
import { resolveOnnxruntime } from '../../server/backends/onnxruntime/resolve-onnxruntime.js';
import type { CommandContext } from '../command-context.js';
import { describeMachine } from '../machine.js';
import { buildVariant } from './build-variant.js';
import { explainVariant } from './explain-variant.js';
import { locateModel } from './locate-model.js';
import { feedsOf, signatureOf } from './model-of-session.js';
import { timeVariants } from './time-variants.js';
import { type WriteTarget, writeVariants } from './write-variants.js';

/** What `variants` is asked for. */
export interface VariantsWish {
  readonly model: string;
  readonly modelRepository: string | undefined;
  readonly precisions: readonly Precision[];
  readonly batchSizes: readonly number[];
  readonly data: InputDataSettings;
  readonly shapes: Readonly<Record<string, readonly ShapeChoice[]>>;
  readonly seed: number;
  readonly threads: number;
  readonly weightBits: 7 | 8;
  readonly keepInFp32: readonly string[];
  readonly calibration: Calibration;
  readonly limits: readonly SearchLimit[];
  /** For each batch size. */
  readonly maxTimeMs: number;
  readonly writeTo: WriteTarget | undefined;
}

/** Inferences in each of the requests that accuracy is judged on, where the model batches. */
const sampleBatch = 4;

/** Makes the variants, compares their answers, times those that pass, and writes them into a repository if that is wished. */
export async function runVariants(wish: VariantsWish, context: CommandContext): Promise<VariantsResult> {
  const { progress, interrupt } = context;
  const startedAt = new Date().toISOString();
  const version = manifest.optionalDependencies['onnxruntime-node'] ?? 'latest';
  const where = { cacheDirectory: cacheDirectory(), version, log: progress.say, from: import.meta.url };
  const packagePath = await resolveOnnxruntime(where);
  const located = await locateModel(wish.model, wish.modelRepository, context);
  const model = await readModelFile(located.path);
  const folder = await mkdtemp(join(tmpdir(), 'perf-analyze-variants-'));
  await using opened = new AsyncDisposables();
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const { threads } = wish;
  const open = async (modelPath: string): Promise<Session> =>
    opened.use(await openSession({ packagePath, modelPath, threads, level: 'all' }));

  const original = await open(located.path);
  const signature = signatureOf(located, original);
  const requestsOf = (batchSize: number): SentTensors[] =>
    prepareRequests({ ...wish, signature, batchSize }).map(({ request }) => feedsOf(request.inputs));
  const samples = requestsOf(signature.isBatching ? sampleBatch : 1);
  const { weightBits, keepInFp32, calibration, limits } = wish;
  const settings = { model, packagePath, original, open, samples, weightBits, keepInFp32, calibration, limits };
  const built = [];
  for (const precision of wish.precisions) {
    interrupt.signal.throwIfAborted();
    progress.show(`making ${precision} of ${located.name}`);
    built.push(await buildVariant({ ...settings, precision, path: join(folder, `${precision}.onnx`) }));
  }
  const passed = built.flatMap(({ session, ...rest }) => (session === undefined ? [] : [{ session, ...rest }]));
  const sessions = [original, ...passed.map(({ session }) => session)];
  const timings = await timeAll(sessions, { wish, isBatching: signature.isBatching, located, requestsOf, context });
  const base: Variant = { ...(await originalOf(located.path)), timings: timings[0] ?? [] };
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
    threads,
    weightBits: wish.weightBits,
    samples: samples.length * (signature.isBatching ? sampleBatch : 1),
    limits: wish.limits,
    variants: [base, ...variants],
  };
}

async function originalOf(path: string): Promise<Omit<Variant, 'timings'>> {
  return { precision: 'original', sizeBytes: (await stat(path)).size, kept: [], accuracy: [], notes: [] };
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

/** Things to close, the last one first. */
class AsyncDisposables implements AsyncDisposable {
  readonly #ends: (() => PromiseLike<void>)[] = [];

  defer(end: () => PromiseLike<void>): void {
    this.#ends.push(end);
  }

  use<Value extends AsyncDisposable>(value: Value): Value {
    this.defer(() => value[Symbol.asyncDispose]());
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
  }
}
