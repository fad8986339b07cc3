import type { OrtTensor } from '../../onnx/runtime/ort-package.js';
import { fromFloat16Bits } from '../../protocol/short-float.js';

/** How an output of one run differs from those of single runs. */
export interface RowDifference {
  /** Largest difference as a share of the largest magnitude of the single runs; infinite for a NaN on one side only. */
  readonly largest: number;
  /** Whether single runs differ from one another: if not, rows could change places unnoticed. */
  readonly areSinglesDistinct: boolean;
}

/** Compares an output of a batch with those of its rows; the shapes are taken to fit. */
export function compareRows(batch: OrtTensor, singles: readonly OrtTensor[]): RowDifference {
  const expected = singles.flatMap((single) => valuesOf(single));
  const actual = valuesOf(batch);
  const [first, ...others] = singles.map((single) => valuesOf(single));
  return {
    largest: largestDifference(actual, expected),
    areSinglesDistinct: others.some((other) => other.some((value, index) => !isSame(value, first?.[index]))),
  };
}

function largestDifference(actual: readonly Value[], expected: readonly Value[]): number {
  let difference = 0;
  let magnitude = 0;
  for (const [index, value] of expected.entries()) {
    const got = actual[index];
    if (typeof value === 'number' && typeof got === 'number' && Number.isFinite(value) && Number.isFinite(got)) {
      difference = Math.max(difference, Math.abs(got - value));
      magnitude = Math.max(magnitude, Math.abs(value));
    } else if (!isSame(value, got)) {
      return Number.POSITIVE_INFINITY;
    }
  }
  return difference === 0 ? 0 : difference / magnitude;
}

type Value = number | bigint | string;

/** NaN is the same as NaN. */
const isSame = (left: Value, right: Value | undefined): boolean => Object.is(left, right) || left === right;

function valuesOf({ type, data }: OrtTensor): Value[] {
  const values = Array.from(data as unknown as Iterable<Value>);
  return type === 'float16' ? values.map((bits) => fromFloat16Bits(Number(bits))) : values;
}
