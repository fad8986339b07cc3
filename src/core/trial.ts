/** The value of a dimension. */
export type SettingValue = number | string;

/** One point of a search space: a value for every dimension that applies to it. The load is a dimension like any other. */
export type Candidate = Readonly<Record<string, SettingValue>>;

/** Measured values by metric tag (`searcher/goal/metrics.ts` has their units). What is not in it was not measured. */
export type Metrics = Readonly<Partial<Record<string, number>>>;

/** One measurement of a candidate: what it brought, or why it brought nothing. */
export type Trial =
  | { readonly ok: true; readonly candidate: Candidate; readonly metrics: Metrics; readonly seconds: number }
  | { readonly ok: false; readonly candidate: Candidate; readonly reason: string; readonly seconds: number };

/** Measures a candidate once. Rejects only when no candidate can be measured any more; what one candidate does is data. */
export type Measure = (candidate: Candidate) => Promise<Trial>;

/** A name for a candidate that is the same whatever the order of its dimensions. */
export const candidateKey = (candidate: Candidate): string =>
  Object.keys(candidate)
    .sort()
    .map((name) => `${name}=${candidate[name]}`)
    .join(' ');
