import { type Candidate, candidateKey, type SettingValue } from '../../src/core/trial.js';

/** One thing that candidates differ in. */
export interface Dimension {
  readonly name: string;
  /** How values are compared: by difference, by ratio, or not at all. */
  readonly kind: 'integer' | 'log' | 'categorical';
  /** In ascending order, but for categories. */
  readonly values: readonly SettingValue[];
  /** The dimension applies only to candidates in which another has one of these values. */
  readonly when?: { readonly name: string; readonly oneOf: readonly SettingValue[] };
}

/** A candidate that is not worth a measurement, and why. */
export interface Pruned {
  readonly candidate: Candidate;
  readonly reason: string;
}

/** All candidates of a search. */
export interface Space {
  readonly dimensions: readonly Dimension[];
  readonly candidates: readonly Candidate[];
  readonly pruned: readonly Pruned[];
}

/** Says why a candidate is not legal, or nothing if it is. */
export type Rule = (candidate: Candidate) => string | undefined;

/**
 * All combinations of all values, the last dimension fastest. A dimension that does not apply is left out of a candidate, which may
 * make two alike: only the first is kept. What a rule refuses is listed with its reason.
 */
export function createSpace(dimensions: readonly Dimension[], rules: readonly Rule[] = []): Space {
  const combinations = dimensions.reduce<Candidate[]>((partial, dimension) => partial.flatMap(extend(dimension)), [{}]);
  const { legal, pruned } = legalOf(combinations, rules);
  return { dimensions, candidates: legal, pruned };
}

/** Each candidate once, and those that a rule refuses. */
function legalOf(
  all: readonly Candidate[],
  rules: readonly Rule[],
): { readonly legal: readonly Candidate[]; readonly pruned: readonly Pruned[] } {
  const legal: Candidate[] = [];
  const pruned: Pruned[] = [];
  for (const candidate of new Map(all.map((each) => [candidateKey(each), each])).values()) {
    const reason = rules.map((rule) => rule(candidate)).find((text) => text !== undefined);
    if (reason === undefined) legal.push(candidate);
    else pruned.push({ candidate, reason });
  }
  return { legal, pruned };
}

const extend =
  ({ name, values, when }: Dimension) =>
  (candidate: Candidate): Candidate[] => {
    if (when !== undefined && !when.oneOf.includes(candidate[when.name] ?? '')) return [candidate];
    return [...new Set(values)].map((value) => ({ ...candidate, [name]: value }));
  };

/**
 * A space of candidates that are given, such as those of a recorded grid: dimensions are what they differ in. Numbers that span
 * a ratio of 8 or more without a 0 are compared by ratio.
 */
export function spaceOf(all: readonly Candidate[], rules: readonly Rule[] = []): Space {
  const names = [...new Set(all.flatMap((candidate) => Object.keys(candidate)))];
  const { legal, pruned } = legalOf(all, rules);
  const dimensions = names.map((name) => dimensionOf(name, legal)).filter(({ values }) => values.length > 0);
  return { dimensions, candidates: legal, pruned };
}

function dimensionOf(name: string, candidates: readonly Candidate[]): Dimension {
  const values = [...new Set(candidates.flatMap((candidate) => candidate[name] ?? []))];
  if (values.some((value) => typeof value === 'string')) return { name, kind: 'categorical', values };
  const numbers = (values as number[]).toSorted((left, right) => left - right);
  const [first = 0] = numbers;
  return { name, kind: first > 0 && (numbers.at(-1) ?? 0) >= 8 * first ? 'log' : 'integer', values: numbers };
}
