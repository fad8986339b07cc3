import { messageOf, PerfError } from '../../core/perf-error.js';
import type { SearchLimit } from '../../core/search-result.js';
import type { Variant } from '../../core/variants-result.js';
import type { ModelProto } from '../../onnx/model-proto.js';
import type { Answers } from '../../precision/accuracy/answers.js';
import { compareAnswers } from '../../precision/accuracy/compare-answers.js';
import { judgeAccuracy } from '../../precision/accuracy/gate.js';
import { fewestKept } from '../../precision/fewest-kept.js';
import { makeVariant, type Precision } from '../../precision/make-variant.js';
import type { Rewritten } from '../../precision/rewrite/rewritten.js';
import type { Session } from '../../precision/runtime/open-session.js';
import type { SentTensors } from '../../precision/runtime/session-messages.js';
import { createStaticMaker, type StaticMaker } from '../../precision/static-maker.js';
import type { VariantOptions } from '../../precision/variant-options.js';
import { writeModelFile } from '../../precision/write-model-file.js';
import type { VerifyAnswers } from './verify-answers.js';

/** What a variant is made of and held to. */
export interface BuildOptions extends VariantOptions {
  readonly model: ModelProto;
  readonly precision: Precision;
  /** Where it is written. */
  readonly path: string;
  /** Of the original. */
  readonly expected: Answers;
  readonly open: (path: string) => Promise<Session>;
  readonly samples: readonly SentTensors[];
  /** The same in smaller requests, if they can be: ranges are then found with less memory. */
  readonly singleSamples?: readonly SentTensors[];
  readonly limits: readonly SearchLimit[];
  /** What the user's module says of its answers. */
  readonly verify?: VerifyAnswers | undefined;
}

/** A variant; with a session when it passed the gate. */
export interface BuiltVariant {
  readonly variant: Omit<Variant, 'timings'> & { readonly timings: readonly [] };
  readonly path: string;
  readonly session?: Session;
}

/** Makes a variant, and holds its answers against those of the original. Why it is refused is a result, not an error. */
export async function buildVariant(options: BuildOptions): Promise<BuiltVariant> {
  const { model, precision } = options;
  const start = performance.now();
  try {
    if (precision !== 'int8-static') return await tried(await makeVariant(model, precision, options), options, start);
    const maker = await createStaticMaker(model, { ...options, samples: options.singleSamples ?? options.samples });
    const whole = await tried(maker.make(), options, start);
    const isInaccurate = whole.variant.accuracy.length > 0 && whole.session === undefined;
    return isInaccurate ? ((await mostInInt8(maker, options, start)) ?? whole) : whole;
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    return { variant: { precision, ...nothing, refusal: messageOf(thrown) }, path: options.path };
  }
}

/** A model that cannot be had in a precision is a result; a disk that is full, or a module that fails, is none. */
const isRefusal = (thrown: unknown): thrown is PerfError => thrown instanceof PerfError && thrown.code === 'model';

const nothing = { kept: [], accuracy: [], timings: [], notes: [] } as const;

/** Fewer requests decide how many layers stay than decide whether the variant passes. */
const shareToDecide = 1 / 4;
/** Of the layers, so many more stay when the variant that was decided on does not pass. */
const shareMore = 1 / 20;

/** The variant with as many layers in 8 bits as the limits allow; `undefined` when there is none. */
async function mostInInt8(maker: StaticMaker, options: BuildOptions, start: number): Promise<BuiltVariant | undefined> {
  const few = {
    ...options,
    samples: options.samples.slice(0, Math.ceil(options.samples.length * shareToDecide)),
    limits: options.limits.filter(({ metric }) => metric !== 'accuracy_verify'),
    verify: undefined,
  };
  const decided = await fewestKept(maker.layers, async (sensitive) => {
    const { session } = await tried(maker.make(sensitive), few, start);
    await session?.[Symbol.asyncDispose]();
    return session !== undefined;
  });
  if (decided === undefined) return undefined;
  const { layers } = maker;
  const isFront = decided[0] === layers[0];
  const step = Math.ceil(layers.length * shareMore);
  for (let count = decided.length; count < layers.length; count += step) {
    const sensitive = isFront ? layers.slice(0, count) : layers.slice(-count);
    const built = await tried(maker.make(sensitive), options, start);
    if (built.session !== undefined) return built;
  }
  return undefined;
}

/** Writes a variant, runs it, and judges what it answers. */
async function tried(rewritten: Rewritten, options: BuildOptions, start: number): Promise<BuiltVariant> {
  const { precision, path, expected, open, samples, limits, verify } = options;
  const { model, converted, kept, remarks = [] } = rewritten;
  const made = { ...nothing, precision, converted, kept, notes: remarks };
  if (converted === 0) return { variant: { ...made, refusal: nothingToConvert(rewritten, precision) }, path };
  try {
    const sizeBytes = await writeModelFile(path, model);
    const written = { ...made, sizeBytes, makeMs: performance.now() - start };
    const session = await open(path);
    const accuracy = await compareAnswers(expected, session, samples);
    const verified = await verify?.(session);
    const judged = { ...written, loadMs: session.loadMs, accuracy, ...(verified !== undefined && { verified }) };
    const refusal = judgeAccuracy(accuracy, limits, verified);
    if (refusal === undefined) return { variant: judged, path, session };
    await session[Symbol.asyncDispose]();
    return { variant: { ...judged, refusal }, path };
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    // Its temporary path would tell nobody anything.
    return { variant: { ...made, refusal: messageOf(thrown).replaceAll(path, `the variant ${precision}`) }, path };
  }
}

function nothingToConvert({ kept }: Rewritten, precision: Precision): string {
  if (precision === 'optimized') return 'ONNX Runtime changes nothing at this level';
  const reasons = [...new Set(kept.map(({ opType, reason }) => `${opType}: ${reason}`))];
  return `nothing to convert${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}`;
}
