import type { Constraint, Goal } from '../../../searcher/goal/goal.js';
import { type Precision, precisions } from '../../precision/make-variant.js';

/** The value of the dimension `precision` that stands for the model as it is. */
export const asItIs = 'fp32';

export const precisionNames: readonly string[] = [asItIs, ...precisions];

/**
 * What is tried when a goal speaks of accuracy. FP16 throughout is slower than FP32 on a CPU, and an optimised graph as fast, so that these must
 * be named.
 */
export const usualPrecisions: readonly string[] = precisionNames.filter(
  (name) => name !== 'fp16' && name !== 'optimized',
);

/** Beside the model's own file, in the folder of its version. */
export const variantFileName = (precision: Precision): string => `model.${precision}.onnx`;

/** The file of a value of the dimension `precision`; `undefined` for the model as it is. */
export function fileNameOf(value: string): string | undefined {
  const precision = precisions.find((each) => each === value);
  return precision && variantFileName(precision);
}

const isAccuracy = (tag: string): boolean => tag.startsWith('accuracy_');

/** Limits that decide whether a variant may be used at all: those who keep them are no matter of measuring any more. */
export const accuracyLimits = ({ constraints }: Goal): readonly Constraint[] =>
  constraints.filter(({ metric }) => isAccuracy(metric.tag));

export const speaksOfAccuracy = ({ objectives, constraints }: Goal): boolean =>
  [...objectives, ...constraints].some(({ metric }) => isAccuracy(metric.tag));
