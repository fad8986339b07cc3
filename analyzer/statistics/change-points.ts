import { meanOf } from './autocorrelation.js';
import { studentCdf } from './distributions.js';

/** Where a series took another level. */
export interface ChangePoint {
  /** The first value of the new level. */
  readonly index: number;
  /** That two samples of the same differ so much: of the level before and the one that begins here. */
  readonly pValue: number;
}

/** So many values at least make a level. */
const shortest = 2;

/** Candidates are looked for in stretches of so many values, so that a short episode is not lost in a long series. */
const stretch = 60;

/** A candidate may be this many times less significant than what stays. */
const leniency = 4;

/**
 * The places at which the level of a series shifts: E-divisive (Matteson and James, Journal of the American Statistical
 * Association 109, 2014) finds candidates by the energy distance of what is before and after, in overlapping stretches; Student's
 * t-test says which stay, so that the same series always has the same answer (Fleming and others, "Hunter: using change point
 * detection to hunt for performance regressions", ICPE 2023, whose program is now Apache Otava). The weakest goes first, and its
 * neighbours are tested again on longer levels.
 *
 * @param significance the largest p-value of a change point
 */
export function changePoints(values: readonly number[], significance: number): ChangePoint[] {
  const indexes = new Set<number>();
  for (const [start, end] of stretches(values.length)) {
    for (const index of divide(values, start, end, leniency * significance)) indexes.add(index);
  }
  return keepSignificant(values, withoutShortLevels(values, indexes), significance);
}

/** Half overlapping, the last one at the end. */
function stretches(count: number): [start: number, end: number][] {
  const ends: number[] = [];
  for (let end = count; end > 0; end -= stretch / 2) {
    ends.push(end);
    if (end <= stretch) break;
  }
  return ends.reverse().map((end) => [Math.max(0, end - stretch), end]);
}

/** A split, and the end of what is compared with the values before it. */
type Place = readonly [index: number, until: number];

/** Splits where the two parts differ most, as long as they do so with some significance. */
function divide(values: readonly number[], start: number, end: number, significance: number): number[] {
  const [split] = widestSplits(values.slice(start, end))
    .map(([index, until]) => [start + index, start + until] as const)
    .filter(([index, until]) => studentTest(values.slice(start, index), values.slice(index, until)) <= significance)
    .map(([index]) => index);
  if (split === undefined) return [];
  return [...divide(values, start, split, significance), split, ...divide(values, split, end, significance)];
}

/**
 * The split with the largest scaled energy distance between what is before and all that is after (Matteson and James, equation 5, with
 * exponent 1); then that with the largest one to a part of what is after, since a level that ends again is lost in a mean.
 */
function widestSplits(values: readonly number[]): Place[] {
  const count = values.length;
  const energy = energyOf(values);
  const best = (untilFrom: (index: number) => number): Place[] => {
    let widest: Place | undefined;
    let size = Number.NEGATIVE_INFINITY;
    for (let index = shortest; index <= count - shortest; index++) {
      for (let until = untilFrom(index); until <= count; until++) {
        const found = energy(index, until);
        if (found > size) [widest, size] = [[index, until], found];
      }
    }
    return widest === undefined ? [] : [widest];
  };
  return [...best(() => count), ...best((index) => index + shortest)];
}

/** The energy distance of the values before `index` and those from there on before `until`, scaled by their numbers. */
function energyOf(values: readonly number[]): (index: number, until: number) => number {
  // sums[a][b]: of the distances of the first a values from the first b ones.
  const sums = [new Float64Array(values.length + 1)];
  for (const value of values) {
    const above = sums.at(-1) ?? new Float64Array(values.length + 1);
    const row = new Float64Array(values.length + 1);
    let sum = 0;
    for (const [index, other] of values.entries()) {
      sum += Math.abs(value - other);
      row[index + 1] = (above[index + 1] ?? 0) + sum;
    }
    sums.push(row);
  }
  const sum = (a: number, b: number): number => sums[a]?.[b] ?? 0;
  return (m, until) => {
    const n = until - m;
    const left = sum(m, m);
    const between = sum(m, until) - left;
    const right = sum(until, until) - 2 * between - left;
    return ((2 * between) / (m * n) - left / (m * (m - 1)) - right / (n * (n - 1))) * ((m * n) / (m + n));
  };
}

/** Stretches that overlap may find one shift at two places next to each other: the more significant one stays. */
function withoutShortLevels(values: readonly number[], indexes: ReadonlySet<number>): number[] {
  const kept = [...indexes].sort((left, right) => left - right);
  for (;;) {
    const ends = [0, ...kept, values.length];
    const short = ends.findIndex((end, index) => index > 0 && end - (ends[index - 1] ?? 0) < shortest);
    if (short < 0 || kept.length === 0) return kept;
    const p = (place: number): number => (place < 0 || place >= kept.length ? -1 : pValueAt(values, kept, place));
    kept.splice(p(short - 2) > p(short - 1) ? short - 2 : short - 1, 1);
  }
}

function keepSignificant(values: readonly number[], indexes: number[], significance: number): ChangePoint[] {
  for (;;) {
    const points = indexes.map((index, place) => ({ index, pValue: pValueAt(values, indexes, place) }));
    const weakest = points.reduce(
      (most, { pValue }, place) => (pValue > (points[most]?.pValue ?? 0) ? place : most),
      0,
    );
    if ((points[weakest]?.pValue ?? 0) <= significance) return points;
    indexes.splice(weakest, 1);
  }
}

/** Of the levels before and after a change point. */
function pValueAt(values: readonly number[], indexes: readonly number[], place: number): number {
  const index = indexes[place] ?? 0;
  return studentTest(values.slice(indexes[place - 1] ?? 0, index), values.slice(index, indexes[place + 1]));
}

/** The two-sided p-value of Student's t-test for samples of the same spread; 1 when there is nothing to tell. */
function studentTest(before: readonly number[], after: readonly number[]): number {
  const degrees = before.length + after.length - 2;
  const difference = Math.abs(meanOf(before) - meanOf(after));
  if (degrees < 1 || difference === 0) return 1;
  const squares = (sample: readonly number[]): number => {
    const mean = meanOf(sample);
    return sample.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  };
  const error = Math.sqrt(((squares(before) + squares(after)) / degrees) * (1 / before.length + 1 / after.length));
  return error === 0 ? 0 : 2 * (1 - studentCdf(difference / error, degrees));
}
