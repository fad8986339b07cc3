import type { Finalist, SearchLimit, SearchResult } from '../src/core/search-result.js';
import { type Candidate, candidateKey, type Metrics, type Trial } from '../src/core/trial.js';
import { candidateText } from './candidate-text.js';
import { limitText } from './search.js';

export type Measured = Extract<Trial, { ok: true }>;

/** One measurement, with its place among all. */
export interface TrialRow {
  readonly number: number;
  readonly trial: Trial;
  /** Keeps all limits; `undefined` when one of them was not measured. */
  readonly isKept: boolean | undefined;
}

/** Part of the load, not of a configuration. */
const loadNames: readonly string[] = ['concurrency', 'request_rate', 'batch_size'];

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
export function configurationText(candidate: Candidate): string {
  const settings = Object.entries(candidate).filter(([name]) => !loadNames.includes(name));
  return candidateText(Object.fromEntries(settings)) || 'as it was';
}

export function loadText(candidate: Candidate): string {
  return candidateText(Object.fromEntries(Object.entries(candidate).filter(([name]) => loadNames.includes(name))));
}

/** What both objectives and limits say: the metrics that a trial is plotted by. */
export const throughputOf = (metrics: Metrics): number | undefined => metrics['perf_throughput'];
export const tailOf = (metrics: Metrics): number | undefined => metrics['perf_latency_p99'];

/** Those that no other beats in both throughput and p99, by rising throughput. */
export function paretoFront(rows: readonly TrialRow[]): TrialRow[] {
  const placed = rows.flatMap((row) => {
    if (!row.trial.ok) return [];
    const [x, y] = [throughputOf(row.trial.metrics), tailOf(row.trial.metrics)];
    return x === undefined || y === undefined ? [] : [{ row, x, y }];
  });
  placed.sort((left, right) => right.x - left.x || left.y - right.y);
  let lowest = Number.POSITIVE_INFINITY;
  const front = placed.filter(({ y }) => {
    const isBest = y < lowest;
    lowest = Math.min(lowest, y);
    return isBest;
  });
  return front.map(({ row }) => row).reverse();
}

/** A configuration that was measured and not chosen. */
export interface Rejected {
  readonly configuration: string;
  readonly measurements: number;
  /** At its best load. */
  readonly throughput: number | undefined;
  readonly tailMs: number | undefined;
  readonly reason: string;
}

/** Every measured configuration but the one that came first, with what speaks against it. */
export function rejectedOf(result: SearchResult): Rejected[] {
  const [best] = result.finalists;
  const groups = new Map<string, TrialRow[]>();
  for (const row of trialRows(result)) {
    const name = configurationText(row.trial.candidate);
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups]
    .filter(([name]) => best === undefined || name !== configurationText(best.candidate))
    .map(([configuration, rows]) => {
      const finalist = result.finalists.find(({ candidate }) => configurationText(candidate) === configuration);
      const top = bestRow(rows);
      const metrics = finalist?.metrics ?? top?.metrics ?? {};
      return {
        configuration,
        measurements: rows.length,
        throughput: throughputOf(metrics),
        tailMs: tailOf(metrics),
        reason: finalist === undefined ? reasonOf(rows, result) : finalistReason(finalist, result),
      };
    });
}

function bestRow(rows: readonly TrialRow[]): Measured | undefined {
  const measured = rows.filter(({ trial }) => trial.ok);
  const kept = measured.filter(({ isKept }) => isKept);
  const throughput = ({ trial }: TrialRow): number => (trial.ok ? (throughputOf(trial.metrics) ?? 0) : 0);
  const [top] = (kept.length > 0 ? kept : measured).toSorted((left, right) => throughput(right) - throughput(left));
  return top?.trial.ok ? top.trial : undefined;
}

function finalistReason({ limits, chanceOfBest }: Finalist, { finalists }: SearchResult): string {
  const [best] = finalists;
  const broken = limits.filter(({ certainty }) => certainty !== 'pass');
  const bestBreaks = best?.limits.some(({ certainty }) => certainty !== 'pass') ?? false;
  const texts = broken.map((limit) => `${limitText(limit)} is ${limit.certainty.toUpperCase()}`);
  if (texts.length > 0 && !bestBreaks) return texts.join(', ');
  return [`measured again with the best: ${(100 * chanceOfBest).toFixed(0)} % likely to be the best`, ...texts].join(
    '; ',
  );
}

function reasonOf(rows: readonly TrialRow[], { limits }: SearchResult): string {
  const failed = rows.flatMap(({ trial }) => (trial.ok ? [] : [trial.reason]));
  if (failed.length === rows.length) return `failed: ${failed[0]}`;
  if (rows.some(({ isKept }) => isKept)) return 'others did better at the first look';
  const broken = limits.filter(({ metric }, index) =>
    rows.every(({ trial }) => !trial.ok || !isWithin(trial.metrics[metric] ?? Number.NaN, limits[index] ?? { metric })),
  );
  return broken.length === 0 ? 'not within all limits at any load' : `never within ${broken.map(limitText).join(', ')}`;
}

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
