import type { HistoryEntry, HistoryLevel } from '../../src/core/history.js';
import { loadName } from '../../src/core/load-name.js';
import type { Level, Run } from '../../src/core/run.js';
import { traitsOf } from '../compare/differences.js';
import { allMetrics } from '../compare/metrics.js';

/** What a history keeps of a run, beside the run itself. */
export function historyEntry(
  run: Run,
  {
    digest,
    file,
    title,
    label,
  }: Pick<HistoryEntry, 'digest' | 'file' | 'title'> & { readonly label: string | undefined },
): HistoryEntry {
  return {
    format: 'perf-analyze/history-entry',
    formatVersion: 1,
    digest,
    startedAt: run.startedAt,
    ...(label === undefined ? {} : { label }),
    file,
    title,
    traits: traitsOf(run),
    levels: run.levels.map(levelEntry),
  };
}

function levelEntry(level: Level): HistoryLevel {
  const isUsable = level.verdict.kind !== 'invalid';
  const figures = allMetrics.flatMap(({ name, value }) => {
    const figure = isUsable ? value(level.summary) : undefined;
    return figure !== undefined && figure > 0 ? [[name, figure] as const] : [];
  });
  return { name: loadName(level.load), figures: Object.fromEntries(figures) };
}
