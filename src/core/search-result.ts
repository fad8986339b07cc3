import type { Machine, ServerFacts } from './run.js';
import type { Candidate, Metrics, SettingValue, Trial } from './trial.js';

/** A limit of a search. */
export interface SearchLimit {
  readonly metric: string;
  /** Of the bounds; absent in documents of an earlier version. */
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
}

/** A finalist of a search: measured again several times, in turn with the others. */
export interface Finalist {
  readonly candidate: Candidate;
  /** The configuration that the model had before the search, at whatever load. */
  readonly isCurrent: boolean;
  /** Means of the repeated measurements. */
  readonly metrics: Metrics;
  readonly repeats: number;
  /** One by one, in their order; absent in documents of an earlier version. */
  readonly repeated?: readonly Metrics[];
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

/** A configuration that was measured, under whatever loads. */
export interface SearchVariant {
  /** As Model Analyzer names them: the model's, then `_config_default` or `_config_` and a number. */
  readonly name: string;
  /** What a candidate names of it. */
  readonly settings: Candidate;
  /** Such as `2:CPU`. */
  readonly instanceGroup: string;
  readonly maxBatchSize: number;
  /** What it changes in `config.pbtxt`, line by line; absent in documents of an earlier version. */
  readonly difference?: string;
}

/** A candidate that no other one is better than in throughput, latency and, where it was measured, memory. */
export interface ParetoPoint {
  readonly candidate: Candidate;
  readonly metrics: Metrics;
  readonly keepsLimits: boolean;
}

/** What the values of one dimension make of the objective, as far as they were measured. */
export interface Sensitivity {
  readonly dimension: string;
  readonly values: readonly {
    readonly value: SettingValue;
    readonly measurements: number;
    /** The best within the limits, as a share of the best of all; absent when none was within them. */
    readonly best?: number;
  }[];
}

/** A candidate near the best one that was not taken. */
export interface Rejected {
  readonly candidate: Candidate;
  /** In how many dimensions it is another one than the best. */
  readonly differences: number;
  readonly reason: string;
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
  readonly server: { readonly kind: ServerFacts['kind'] | 'local'; readonly url: string };
  readonly machine: Machine;
  /** Before the search, as the server answers it. */
  readonly config: unknown;
  readonly strategy: string;
  readonly seed: number;
  readonly objectives: readonly { readonly metric: string; readonly weight: number }[];
  readonly limits: readonly SearchLimit[];
  /** Combinations that were searched, and those that were left out, by reason. */
  readonly candidates: number;
  readonly pruned: readonly { readonly reason: string; readonly count: number }[];
  /** Inferences in a request, unless a candidate says otherwise. */
  readonly batchSize: number;
  /** Of the idle server before the search, where it can be seen. */
  readonly idle: Metrics;
  readonly variants: readonly SearchVariant[];
  /** Of the short measurements; by throughput, the largest first. */
  readonly pareto: readonly ParetoPoint[];
  readonly sensitivity: readonly Sensitivity[];
  /** The nearest first. */
  readonly rejected: readonly Rejected[];
  /** What the best configuration changes in `config.pbtxt`; absent without one. */
  readonly difference?: string;
  /** Short measurements, in their order. */
  readonly trials: readonly Trial[];
  /** Places in `trials` of those that brought something, the best first. */
  readonly ranking: readonly number[];
  /** Best first; empty when nothing could be measured. */
  readonly finalists: readonly Finalist[];
  /** Of the objective, relative: the best over the current configuration at the best load that was found for it; 95 %. */
  readonly gain?: { readonly mean: number; readonly low: number; readonly high: number };
}
