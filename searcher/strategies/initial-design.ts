import type { Random } from '../../src/core/random.js';
import type { Candidate } from '../../src/core/trial.js';
import type { Dimension, Space } from '../space/space.js';
import type { Features } from '../surrogate/features.js';

const loads: ReadonlySet<string> = new Set(['concurrency', 'request_rate', 'batch_size']);

/** Where the first measurements lie: how far up the load and the other numbers, and which category. */
const places = [
  // The corner of the smallest load: what fits into a tight limit is there or nowhere.
  { load: 0, other: 0, category: 0 },
  { load: 0.65, other: 0.6, category: 0 },
  { load: 0.15, other: 1, category: 1 },
  { load: 0.4, other: 0.3, category: 1 },
] as const;

/** The candidates to begin with: the low corner, some that differ in everything, and those that lie farthest from all others. */
export function initialDesign(
  { dimensions, candidates }: Space,
  features: Features,
  { count, random }: { readonly count: number; readonly random: Random },
): Candidate[] {
  const chosen: Candidate[] = [];
  const points = candidates.map(features.of);
  const add = (index: number): void => {
    const candidate = candidates[index];
    if (candidate !== undefined && !chosen.includes(candidate)) chosen.push(candidate);
  };
  for (const place of places.slice(0, count)) {
    const target = Float64Array.from(dimensions, (dimension) => coordinate(dimension, place));
    add(smallestIndex(points.map((point) => distance(point, target, features))));
  }
  while (chosen.length < Math.min(count, candidates.length)) {
    const taken = chosen.map(features.of);
    const gaps = points.map((point) => Math.min(...taken.map((other) => distance(point, other, features))));
    add(smallestIndex(gaps.map((gap) => (gap === 0 ? 1 : -gap * (0.7 + 0.3 * random())))));
  }
  return chosen;
}

function coordinate({ name, kind, values }: Dimension, place: (typeof places)[number]): number {
  if (kind === 'categorical') return Math.min(place.category, values.length - 1);
  return loads.has(name) ? place.load : place.other;
}

const distance = (left: Float64Array, right: Float64Array, { isCategorical }: Features): number =>
  Math.sqrt(
    left.reduce((sum, value, index) => {
      const gap = value - (right[index] ?? 0);
      return sum + (isCategorical[index] === true ? Number(gap !== 0) : gap) ** 2;
    }, 0),
  );

const smallestIndex = (values: readonly number[]): number =>
  values.reduce((best, value, index) => (value < (values[best] ?? 0) ? index : best), 0);
