import type { OutputAccuracy } from '../../core/variants-result.js';
import { fromFloat16Bits } from '../../protocol/short-float.js';
import type { SentTensor } from '../runtime/session-messages.js';
import { createRowTally } from './row-tally.js';

/** Collects how one output differs, sample after sample. */
export interface OutputTally {
  /** @throws Error when the answers differ in shape or type */
  add(expected: SentTensor, got: SentTensor): void;
  result(): OutputAccuracy;
}

/** Pairs of which one is no finite number are counted, and left out of everything else. */
export function createOutputTally(name: string): OutputTally {
  let elements = 0;
  let nonFinite = 0;
  let compared = 0;
  let equal = 0;
  let isFloat = true;
  let [dot, expectedSquares, gotSquares, errorSquares, largestError] = [0, 0, 0, 0, 0];
  const rows = createRowTally();

  const addFloats = (expected: Float64Array, got: Float64Array): void => {
    for (let index = 0; index < expected.length; index++) {
      const [left, right] = [expected[index] ?? 0, got[index] ?? 0];
      if (!Number.isFinite(left) || !Number.isFinite(right)) {
        if (!Object.is(left, right)) nonFinite++;
        continue;
      }
      compared++;
      dot += left * right;
      expectedSquares += left * left;
      gotSquares += right * right;
      errorSquares += (left - right) ** 2;
      largestError = Math.max(largestError, Math.abs(left - right));
    }
  };
  const addOthers = (expected: SentTensor, got: SentTensor): void => {
    const [left, right] = [listOf(expected), listOf(got)];
    for (let index = 0; index < left.length; index++) if (left[index] === right[index]) equal++;
  };
  const floatResult = (): Partial<OutputAccuracy> => ({
    cosine: cosineOf(dot, expectedSquares, gotSquares),
    ...(expectedSquares === 0 && errorSquares > 0
      ? {}
      : { relativeRmse: errorSquares === 0 ? 0 : Math.sqrt(errorSquares / expectedSquares) }),
    largestError,
    ...rows.result(),
  });
  return {
    add: (expected, got) => {
      if (expected.type !== got.type || String(expected.dims) !== String(got.dims)) {
        throw new Error(`output '${name}' is ${form(got)} instead of ${form(expected)}`);
      }
      const [left, right] = [floatsIn(expected), floatsIn(got)];
      elements += listOf(expected).length;
      if (left === undefined || right === undefined) {
        isFloat = false;
        addOthers(expected, got);
        return;
      }
      addFloats(left, right);
      rows.add(left, right, expected.dims);
    },
    result: () => {
      if (!isFloat) return { name, elements, nonFinite, equal: elements === 0 ? 1 : equal / elements };
      return { name, elements, nonFinite, ...(compared > 0 || elements === 0 ? floatResult() : {}) };
    },
  };
}

function cosineOf(dot: number, left: number, right: number): number {
  if (left === 0 || right === 0) return left === right ? 1 : 0;
  return Math.max(-1, Math.min(1, dot / Math.sqrt(left) / Math.sqrt(right)));
}

const form = ({ type, dims }: SentTensor): string => `${type} [${dims.join(',')}]`;

type List = ArrayLike<number | bigint | string>;

const listOf = ({ data }: SentTensor): List => data as unknown as List;

/** The elements of a tensor of floats as numbers. */
function floatsIn({ type, data }: SentTensor): Float64Array | undefined {
  if (type === 'float32') return Float64Array.from(data as Float32Array);
  if (type === 'float64') return data as Float64Array;
  return type === 'float16' ? Float64Array.from(data as Uint16Array, fromFloat16Bits) : undefined;
}
