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
import { makeVariant, type Precision, type VariantOptions } from '../../precision/make-variant.js';
import type { Rewritten } from '../../precision/rewrite/rewritten.js';
import type { Session } from '../../precision/runtime/open-session.js';
import type { SentTensors } from '../../precision/runtime/session-messages.js';

/** What a variant is made of and held to. */
export interface BuildOptions extends VariantOptions {
  readonly model: ModelProto;
  readonly precision: Precision;
  /** Where it is written. */
  readonly path: string;
  readonly original: Session;
  readonly open: (path: string) => Promise<Session>;
  readonly samples: readonly SentTensors[];
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
  const { model, precision, path, original, open, samples, limits } = options;
  const start = performance.now();
  const none = { precision, kept: [], accuracy: [], timings: [], notes: [] } as const;
  let variant: BuiltVariant['variant'] = none;
  try {
    const rewritten = await makeVariant(model, precision, options);
    const { converted, kept } = rewritten;
    variant = { ...none, converted, kept };
    if (converted === 0) return { variant: { ...variant, refusal: nothingToConvert(rewritten) }, path };
    const { sizeBytes, parts } = encodeInParts({ model: rewritten.model, deferred: [] });
    await pipeline(Readable.from(parts()), createWriteStream(path));
    variant = { ...variant, sizeBytes, makeMs: performance.now() - start };
    const session = await open(path);
    const accuracy = await compareAnswers(original, session, samples);
    variant = { ...variant, accuracy };
    const refusal = judgeAccuracy(accuracy, limits);
    if (refusal === undefined) return { variant, path, session };
    await session[Symbol.asyncDispose]();
    return { variant: { ...variant, refusal }, path };
  } catch (thrown) {
    if (!(thrown instanceof PerfError)) throw thrown;
    return { variant: { ...variant, refusal: messageOf(thrown) }, path };
  }
}

function nothingToConvert({ kept }: Rewritten): string {
  const reasons = [...new Set(kept.map(({ opType, reason }) => `${opType}: ${reason}`))];
  return `nothing to convert${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}`;
}
