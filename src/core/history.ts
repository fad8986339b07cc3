/** One run in a store: what its figures are judged by. A line of `runs.jsonl`. */
export interface HistoryEntry {
  readonly format: 'perf-analyze/history-entry';
  readonly formatVersion: 1;
  /** Of the run's document: the same run counts once. */
  readonly digest: string;
  /** ISO 8601; the order of a history. */
  readonly startedAt: string;
  /** What the user called it, such as a commit. */
  readonly label?: string;
  /** The run's document, in the folder of the store. */
  readonly file: string;
  readonly title: string;
  /** What must be the same for figures to be comparable, by what it is called. */
  readonly traits: Readonly<Record<string, string>>;
  readonly levels: readonly HistoryLevel[];
}

export interface HistoryLevel {
  /** In running text, such as `concurrency 4`. */
  readonly name: string;
  /** By metric, such as `perf_latency_p99`; none of a level that is invalid. */
  readonly figures: Readonly<Record<string, number>>;
}

/** A run as a history names it. */
export type HistoryRun = Pick<HistoryEntry, 'startedAt' | 'label' | 'file'>;

/** A figure of one run. */
export interface TrendPoint {
  /** The number of the run in its group. */
  readonly run: number;
  readonly value: number;
  /** It sticks out alone, and counts nowhere. */
  readonly isOutlier: boolean;
}

/** A stretch of runs in which a figure stayed on one level. */
export interface TrendStretch {
  /** The numbers of the first and the last run. */
  readonly from: number;
  readonly to: number;
  /** Geometric, without outliers. */
  readonly mean: number;
}

/** Where a figure took another level. */
export interface Shift {
  /** The number of the first run on the new level, and of the last before it. */
  readonly run: number;
  readonly lastBefore: number;
  readonly before: number;
  readonly after: number;
  readonly kind: 'better' | 'worse';
  readonly pValue: number;
  /** Worse by more than is allowed, begun among the latest runs, and still so. */
  readonly isRegression: boolean;
}

/** One figure of one level, run after run. */
export interface Trend {
  readonly level: string;
  readonly metric: string;
  readonly unit: 'ms' | 'infer/s';
  readonly points: readonly TrendPoint[];
  readonly stretches: readonly TrendStretch[];
  readonly shifts: readonly Shift[];
  /** So many more runs are needed before a shift can be found; absent when there are enough. */
  readonly needsRuns?: number;
  /** The latest run has no such figure, while runs shortly before have. */
  readonly isMissing: boolean;
}

/** Runs that can be compared with one another, in the order in which they were made. */
export interface HistoryGroup {
  readonly title: string;
  readonly traits: Readonly<Record<string, string>>;
  readonly runs: readonly HistoryRun[];
  readonly trends: readonly Trend[];
}

/** All runs of a store, judged. */
export interface History {
  readonly format: 'perf-analyze/history';
  readonly formatVersion: 1;
  /** A regression fails while its first run is among so many latest ones. */
  readonly recentRuns: number;
  readonly groups: readonly HistoryGroup[];
}

/** Whether something fails the check. */
export const isFailing = ({ shifts, isMissing }: Trend): boolean =>
  isMissing || shifts.some(({ isRegression }) => isRegression);
