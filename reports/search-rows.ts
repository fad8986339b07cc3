import type { SearchLimit, SearchResult } from '../src/core/search-result.js';
import { type Candidate, candidateKey, isLoadName, type Metrics, type Trial, withoutLoad } from '../src/core/trial.js';
import { candidateText } from './candidate-text.js';

/** One measurement, with its place among all. */
export interface TrialRow {
  readonly number: number;
  readonly trial: Trial;
  /** Keeps all limits; `undefined` when one of them was not measured. */
  readonly isKept: boolean | undefined;
}

export const trialRows = ({ trials, limits }: SearchResult): TrialRow[] =>
  trials.map((trial, index) => ({
    number: index + 1,
    trial,
    isKept: trial.ok ? keepsAll(trial.metrics, limits) : undefined,
  }));

function keepsAll(metrics: Metrics, limits: readonly SearchLimit[]): boolean | undefined {
  if (limits.some(({ metric }) => metrics[metric] === undefined)) return undefined;
  return limits.every((limit) => isWithin(metrics[limit.metric] ?? 0, limit));
}

const isWithin = (value: number, { min = value, max = value }: SearchLimit): boolean => value >= min && value <= max;

/** A configuration without its load, as text; that of the server before the search has no settings. */
export const configurationText = (candidate: Candidate): string => candidateText(withoutLoad(candidate)) || 'as it was';

/** At whatever loads. */
export const isSameConfiguration = (left: Candidate, right: Candidate): boolean =>
  isSameCandidate(withoutLoad(left), withoutLoad(right));

export function loadText(candidate: Candidate): string {
  return candidateText(Object.fromEntries(Object.entries(candidate).filter(([name]) => isLoadName(name))));
}

/** What both objectives and limits say: the metrics that a trial is plotted by. */
export const throughputOf = (metrics: Metrics): number | undefined => metrics['perf_throughput'];
export const tailOf = (metrics: Metrics): number | undefined => metrics['perf_latency_p99'];

/** The dimensions that had several values, with these in their order. */
export function dimensionsOf({
  trials,
}: SearchResult): { readonly name: string; readonly values: readonly (string | number)[] }[] {
  const names = [...new Set(trials.flatMap(({ candidate }) => Object.keys(candidate)))];
  return names
    .map((name) => {
      const found = trials.flatMap(({ candidate: { [name]: value } }) => (value === undefined ? [] : [value]));
      const values = [...new Set(found)].sort((left, right) =>
        typeof left === 'number' && typeof right === 'number'
          ? left - right
          : String(left).localeCompare(String(right), 'en'),
      );
      return { name, values };
    })
    .filter(({ values }) => values.length > 1);
}

export const isSameCandidate = (left: Candidate, right: Candidate): boolean =>
  candidateKey(left) === candidateKey(right);
