import type { SearchLimit } from '../../core/search-result.js';
import type { OutputAccuracy } from '../../core/variants-result.js';

/** Metrics of accuracy by their tags; of several outputs the worst one counts. */
export interface AccuracyMetrics {
  readonly accuracy_cosine?: number;
  readonly accuracy_top1?: number;
  readonly accuracy_rel_rmse?: number;
  /** What the user's module says; see `Variant.verified`. */
  readonly accuracy_verify?: number;
}

/** What a variant must keep when nothing else is asked for. */
export const defaultLimits: readonly SearchLimit[] = [{ metric: 'accuracy_cosine', min: 0.99 }];

/** Of what the original has, a variant must keep so much when nothing else is asked for: as MLPerf inference asks of most models. */
const shareToKeep = 0.99;

/** The limit of what the user's module says, beside those that were asked for. */
export function limitsWithVerified(
  limits: readonly SearchLimit[],
  verified: number | undefined,
): readonly SearchLimit[] {
  if (verified === undefined || limits.some(({ metric }) => metric === 'accuracy_verify')) return limits;
  return [...limits, { metric: 'accuracy_verify', min: Number((shareToKeep * verified).toPrecision(6)) }];
}

/** The worst of all outputs. A metric that some output of floats does not have is absent. */
export function accuracyMetrics(outputs: readonly OutputAccuracy[], verified?: number): AccuracyMetrics {
  const worst = (pick: (output: OutputAccuracy) => number | undefined, choose: (...values: number[]) => number) => {
    const values = outputs.flatMap((output) => pick(output) ?? []);
    return values.length === 0 ? undefined : choose(...values);
  };
  const cosine = worst(({ cosine, equal }) => cosine ?? equal, Math.min);
  const top1 = worst((output) => output.top1, Math.min);
  const isZeroMissed = outputs.some(({ cosine, relativeRmse }) => cosine !== undefined && relativeRmse === undefined);
  const rmse = isZeroMissed ? undefined : worst((output) => output.relativeRmse, Math.max);
  return {
    ...(cosine !== undefined && { accuracy_cosine: cosine }),
    ...(top1 !== undefined && { accuracy_top1: top1 }),
    ...(rmse !== undefined && { accuracy_rel_rmse: rmse }),
    ...(verified !== undefined && { accuracy_verify: verified }),
  };
}

/** Why a variant fails, the gravest reason first; `undefined` when it passes. A metric that is absent fails its limit. */
export function judgeAccuracy(
  outputs: readonly OutputAccuracy[],
  limits: readonly SearchLimit[],
  verified?: number,
): string | undefined {
  const broken = outputs.find(({ nonFinite }) => nonFinite > 0);
  if (broken !== undefined) {
    return `output '${broken.name}' has ${broken.nonFinite} NaN or infinities of ${broken.elements} elements that differ`;
  }
  const empty = outputs.find(({ elements, cosine, equal }) => elements > 0 && (cosine ?? equal) === undefined);
  if (empty !== undefined) return `output '${empty.name}' holds NaN and infinities only, of which nothing can be told`;
  const filled = outputs.find(({ cosine, relativeRmse }) => cosine !== undefined && relativeRmse === undefined);
  if (filled !== undefined) return `output '${filled.name}' is not zero where the original gives zeros only`;
  const metrics: Readonly<Record<string, number | undefined>> = { ...accuracyMetrics(outputs, verified) };
  for (const { metric, min, max } of limits) {
    const value = metrics[metric];
    if (value === undefined) return `${metric} cannot be told of its outputs`;
    if (min !== undefined && !(value >= min)) return `${metric} is ${shown(value)}, expected at least ${min}`;
    if (max !== undefined && !(value <= max)) return `${metric} is ${shown(value)}, expected at most ${max}`;
  }
  return undefined;
}

const shown = (value: number): string => String(Number(value.toPrecision(5)));
