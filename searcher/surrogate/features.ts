import { type Candidate, candidateKey } from '../../src/core/trial.js';
import type { Dimension, Space } from '../space/space.js';

/** Where candidates lie for a surrogate: a coordinate from 0 to 1 for each dimension. */
export interface Features {
  readonly size: number;
  /** Coordinates of these are equal or not, nothing else. */
  readonly isCategorical: readonly boolean[];
  of(candidate: Candidate): Float64Array;
  /** As `candidateKey`, which is slow for what is asked of every candidate at every step. */
  keyOf(candidate: Candidate): string;
}

/** Whoever chooses values puts them where something changes: places are half by value and half by rank. */
const rankShare = 0.5;

/** Where a dimension does not apply: as far from the values as they are from one another. */
const elsewhere = -1;

export function featuresOf({ dimensions }: Pick<Space, 'dimensions'>): Features {
  const scales = dimensions.map(scaleOf);
  return {
    size: dimensions.length,
    isCategorical: dimensions.map(({ kind }) => kind === 'categorical'),
    of: remembered((candidate) => Float64Array.from(scales, (scale) => scale(candidate))),
    keyOf: remembered(candidateKey),
  };
}

function remembered<Value>(of: (candidate: Candidate) => Value): (candidate: Candidate) => Value {
  const known = new WeakMap<Candidate, Value>();
  return (candidate) => {
    const value = known.get(candidate) ?? of(candidate);
    known.set(candidate, value);
    return value;
  };
}

function scaleOf({ name, kind, values }: Dimension): (candidate: Candidate) => number {
  if (kind === 'categorical') {
    return (candidate) => {
      const value = candidate[name];
      return value === undefined ? elsewhere : values.indexOf(value);
    };
  }
  const place = kind === 'log' ? (value: number) => Math.log(value) : (value: number) => value;
  const numbers = values.map(Number).sort((left, right) => left - right);
  const [first = 0, last = first] = [numbers[0], numbers.at(-1)];
  const span = place(last) - place(first);
  const known = new Map(
    numbers.map((value, rank) => {
      const share = (place(value) - place(first)) / span;
      return [value, (1 - rankShare) * share + (rankShare * rank) / (numbers.length - 1)];
    }),
  );
  return (candidate) => {
    const value = candidate[name];
    if (value === undefined) return elsewhere;
    return span === 0 ? 0 : (known.get(Number(value)) ?? (place(Number(value)) - place(first)) / span);
  };
}
