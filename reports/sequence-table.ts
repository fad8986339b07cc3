import type { LoadSettings } from '../src/core/load.js';
import { isOpenLoop } from '../src/core/load-name.js';
import type { Level } from '../src/core/run.js';
import type { SequenceSettings } from '../src/core/run-settings.js';
import { formatTable, type TextColumn } from './table.js';

/** For the heading of a report. */
export function describeSequences(
  { concurrent, length, lengthVariationPercent, isSerial }: SequenceSettings,
  load: LoadSettings,
): string {
  const sizes =
    length === undefined ? 'as long as their data streams' : `of ${length} requests ± ${lengthVariationPercent} %`;
  if (!isOpenLoop(load)) return `${sizes}, one for each request in flight`;
  return `${sizes}, ${concurrent} at a time${isSerial ? ', each with at most one request in flight' : ''}`;
}

/** Where the sequences of each level went. */
export function formatSequences(levels: readonly Level[], levelColumn: TextColumn<Level>): string {
  const columns: TextColumn<Level>[] = [
    levelColumn,
    { title: 'begun', value: ({ sequences }) => sequences?.begun },
    { title: 'completed', value: ({ sequences }) => sequences?.completed },
    { title: 'completed/s', value: ({ sequences }) => sequences?.completedPerSecond, digits: 2 },
    { title: 'failed', value: ({ sequences }) => sequences?.failed },
  ];
  return `Sequences\n${formatTable(columns, levels)}`;
}
