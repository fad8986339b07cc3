import { historyEntry } from '../../analyzer/history/history-entry.js';
import { type HistoryOptions, judgeHistory } from '../../analyzer/history/judge-history.js';
import { type History, type HistoryEntry, isFailing } from '../../src/core/history.js';
import type { Random } from '../../src/core/random.js';
import type { Run } from '../../src/core/run.js';
import { simulatedRun } from './noisy-runs.js';

export const historyOptions: HistoryOptions = { thresholds: [], sameWithin: 0.01, recentRuns: 14 };

/** The entry of a run of some night. */
export function nightEntry(run: Run, night: number): HistoryEntry {
  const startedAt = new Date(Date.UTC(2026, 0, 1 + night)).toISOString();
  return historyEntry(
    { ...run, startedAt },
    { digest: `${night}`, file: `${night}.json`, title: 'm', label: undefined },
  );
}

export interface Nights {
  readonly random: Random;
  /** As a share, of each of the four figures by itself. */
  readonly noise: number;
  readonly count: number;
  /** How many times slower a night is. */
  readonly shiftAt?: (night: number) => number;
}

export const nights = ({ random, noise, count, shiftAt = () => 1 }: Nights): HistoryEntry[] =>
  Array.from({ length: count }, (_, night) => nightEntry(simulatedRun(random, noise, shiftAt(night)), night));

export const hasFailed = ({ groups }: History): boolean => groups.some(({ trends }) => trends.some(isFailing));

/** The nights whose check fails when there is one after every night, numbered from 0. */
export function failingNights(entries: readonly HistoryEntry[], from = 0, options = historyOptions): number[] {
  const checked = entries.map((_, night) => night).slice(from);
  return checked.filter((night) => hasFailed(judgeHistory(entries.slice(0, night + 1), options)));
}
