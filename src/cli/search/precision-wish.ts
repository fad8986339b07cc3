import type { Goal } from '../../../searcher/goal/goal.js';
import type { RunSettings } from '../../core/run-settings.js';
import type { SettingValue } from '../../core/trial.js';
import { defaultLimits } from '../../precision/accuracy/gate.js';
import { type Precision, precisions } from '../../precision/make-variant.js';
import type { VerifyWish } from '../variants/verify-answers.js';
import { weightBitsOf } from '../variants/weight-bits.js';
import { accuracyLimits, speaksOfAccuracy, usualPrecisions } from './precision-names.js';
import type { PrecisionWish } from './stage-precisions.js';

/** What a search wants of precisions: those that are named, or the usual ones when its goal speaks of accuracy. */
export interface WantedPrecisions {
  readonly names: readonly SettingValue[];
  readonly wish: PrecisionWish;
}

export interface WantedOptions {
  readonly goal: Goal;
  readonly variations: ReadonlyMap<string, readonly SettingValue[]>;
  readonly settings: Pick<RunSettings, 'data' | 'shapes' | 'seed'>;
  readonly verify?: VerifyWish | undefined;
}

/** Variants are held to the limits of accuracy of the goal, or to those of `variants` without any; `undefined`: none are wanted. */
export function wantedPrecisions(options: WantedOptions): WantedPrecisions | undefined {
  const { goal, variations, settings, verify } = options;
  const isOfAccuracy = verify !== undefined || speaksOfAccuracy(goal);
  const names = variations.get('precision') ?? (isOfAccuracy ? usualPrecisions : undefined);
  if (names === undefined) return undefined;
  const limits = accuracyLimits(goal).map(({ metric, ...bounds }) => ({ metric: metric.tag, ...bounds }));
  const wish: PrecisionWish = {
    precisions: precisions.filter((precision: Precision) => names.includes(precision)),
    data: settings.data,
    shapes: settings.shapes,
    seed: settings.seed,
    threads: 1,
    weightBits: weightBitsOf(undefined),
    keepInFp32: [],
    calibration: 'minmax',
    optimization: 'basic',
    limits: limits.length === 0 ? defaultLimits : limits,
    verify,
  };
  return { names, wish };
}
