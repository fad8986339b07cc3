import type { LoadSettings } from '../src/core/load.js';
import { isOpenLoop } from '../src/core/load-name.js';
import type { Level } from '../src/core/run.js';
import type { SequenceSettings } from '../src/core/run-settings.js';
import type { Column, Table } from './column.js';

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
export const sequenceTable = (levels: readonly Level[], levelColumn: Column<Level>): Table<Level> => ({
  key: 'sequences',
  title: 'Sequences',
  columns: [
    levelColumn,
    { ...form('begun'), value: ({ sequences }) => sequences?.begun },
    { ...form('completed'), value: ({ sequences }) => sequences?.completed },
    { ...form('completed/s'), value: ({ sequences }) => sequences?.completedPerSecond, digits: 2 },
    { ...form('failed'), value: ({ sequences }) => sequences?.failed },
  ],
  rows: levels,
});

const form = (title: string) => ({ key: title.replace('/', '_per_'), title, name: title, unit: '' }) as const;
