import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { SearchLimit } from '../../core/search-result.js';
import type { Variant } from '../../core/variants-result.js';
import { encodeInParts } from '../../onnx/encode-model.js';
import type { ModelProto } from '../../onnx/model-proto.js';
import { compareAnswers } from '../../precision/accuracy/compare-answers.js';
import { judgeAccuracy } from '../../precision/accuracy/gate.js';
import { fewestKept } from '../../precision/fewest-kept.js';
import { makeVariant, type Precision } from '../../precision/make-variant.js';
import type { Rewritten } from '../../precision/rewrite/rewritten.js';
import type { Session } from '../../precision/runtime/open-session.js';
import type { SentTensors } from '../../precision/runtime/session-messages.js';
import { createStaticMaker, type StaticMaker } from '../../precision/static-maker.js';
import type { VariantOptions } from '../../precision/variant-options.js';

/** What a variant is made of and held to. */
export interface BuildOptions extends VariantOptions {
  readonly model: ModelProto;
  readonly precision: Precision;
  /** Where it is written. */
  readonly path: string;
  readonly original: Session;
  readonly open: (path: string) => Promise<Session>;
  readonly samples: readonly SentTensors[];
  /** The same in smaller requests, if they can be: ranges are then found with less memory. */
  readonly singleSamples?: readonly SentTensors[];
  readonly limits: readonly SearchLimit[];
}

/** A variant; with a session when it passed the gate. */
export interface BuiltVariant {
  readonly variant: Omit<Variant, 'timings' | 'notes'> & { readonly timings: readonly []; readonly notes: readonly [] };
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
    if (!(thrown instanceof PerfError)) throw thrown;
    return { variant: { precision, ...nothing, refusal: messageOf(thrown) }, path: options.path };
  }
}

const nothing = { kept: [], accuracy: [], timings: [], notes: [] } as const;

/** Fewer requests decide how many layers stay than decide whether the variant passes. */
const shareToDecide = 1 / 4;
/** Of the layers, so many more stay when the variant that was decided on does not pass. */
const shareMore = 1 / 20;

/** The variant with as many layers in 8 bits as the limits allow; `undefined` when there is none. */
async function mostInInt8(maker: StaticMaker, options: BuildOptions, start: number): Promise<BuiltVariant | undefined> {
  const few = { ...options, samples: options.samples.slice(0, Math.ceil(options.samples.length * shareToDecide)) };
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
  const { precision, path, original, open, samples, limits } = options;
  const { model, converted, kept } = rewritten;
  const made = { ...nothing, precision, converted, kept };
  if (converted === 0) return { variant: { ...made, refusal: nothingToConvert(rewritten) }, path };
  try {
    const { sizeBytes, parts } = encodeInParts({ model, deferred: [] });
    await pipeline(Readable.from(parts()), createWriteStream(path));
    const written = { ...made, sizeBytes, makeMs: performance.now() - start };
    const session = await open(path);
    const accuracy = await compareAnswers(original, session, samples);
    const refusal = judgeAccuracy(accuracy, limits);
    if (refusal === undefined) return { variant: { ...written, accuracy }, path, session };
    await session[Symbol.asyncDispose]();
    return { variant: { ...written, accuracy, refusal }, path };
  } catch (thrown) {
    if (!(thrown instanceof PerfError)) throw thrown;
    return { variant: { ...made, refusal: messageOf(thrown) }, path };
  }
}

function nothingToConvert({ kept }: Rewritten): string {
  const reasons = [...new Set(kept.map(({ opType, reason }) => `${opType}: ${reason}`))];
  return `nothing to convert${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}`;
}
