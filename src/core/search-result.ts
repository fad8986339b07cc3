import type { Machine, ServerFacts } from './run.js';
import type { Candidate, Metrics, Trial } from './trial.js';

/** A limit of a search. */
export interface SearchLimit {
  readonly metric: string;
  readonly min?: number;
  readonly max?: number;
}

/** A finalist of a search: measured again several times, in turn with the others. */
export interface Finalist {
  readonly candidate: Candidate;
  /** The configuration that the model had before the search, at the best load that was found for it. */
  readonly isCurrent: boolean;
  /** Means of the repeated measurements. */
  readonly metrics: Metrics;
  readonly repeats: number;
  readonly limits: readonly (SearchLimit & {
    /** By a one-sided confidence of 95 %. */
    readonly certainty: 'pass' | 'fail' | 'undecided';
    readonly mean?: number;
    /** 90 %, two-sided. */
    readonly interval?: { readonly low: number; readonly high: number };
  })[];
  /** How likely it is the best of all finalists. */
  readonly chanceOfBest: number;
}

/** What a search on a server found. */
export interface SearchResult {
  readonly format: 'perf-analyze/search';
  readonly formatVersion: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly startedAt: string;
  readonly durationMs: number;
  readonly isInterrupted: boolean;
  readonly model: string;
  readonly server: Pick<ServerFacts, 'kind' | 'url'>;
  readonly machine: Machine;
  /** Before the search, as the server answers it; absent in documents of earlier versions. */
  readonly config?: unknown;
  readonly strategy: string;
  readonly seed: number;
  readonly objectives: readonly { readonly metric: string; readonly weight: number }[];
  readonly limits: readonly SearchLimit[];
  /** Combinations that were searched, and those that were left out, by reason. */
  readonly candidates: number;
  readonly pruned: readonly { readonly reason: string; readonly count: number }[];
  /** Short measurements, in their order. */
  readonly trials: readonly Trial[];
  /** Best first; empty when nothing could be measured. */
  readonly finalists: readonly Finalist[];
  /** Of the best over the current configuration, relative; 95 %. */
  readonly gain?: { readonly mean: number; readonly low: number; readonly high: number };
}
