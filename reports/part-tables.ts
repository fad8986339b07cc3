import type { Level, LevelPart, Run } from '../src/core/run.js';
import type { Column, Table } from './column.js';
import { levelColumn, levelTables, serverColumns } from './level-tables.js';

/** A level as one of its models, or one of its servers, saw it. */
interface PartRow extends Level {
  readonly partName: string;
}

/** Tables of several models and of several servers; none when there is one of each. */
export function partTables(run: Run): Table<PartRow>[] {
  const { levels } = run;
  const { latency, streams } = levelTables(run);
  const table = (
    { key, title, of }: PartTitle,
    columns: readonly Column<Level>[],
    rows: readonly PartRow[],
  ): Table<PartRow>[] =>
    rows.length === 0 || columns.length === 0
      ? []
      : [{ key, title, columns: [levelColumn(run), nameColumn(of), ...columns.slice(1)], rows }];
  const models = levels.flatMap((each) => rowsOf(each, each.models));
  const servers = levels.flatMap((each) => rowsOf(each, each.servers));
  const ofStreams = 'responses, and time to the first (ms)';
  const answered = (rows: readonly PartRow[]) => rows.filter(({ summary }) => summary.requests > 0);
  const counted = models.filter(({ summary }) => summary.server !== undefined);
  return [
    ...table({ key: 'models', title: 'By model (ms)', of: 'model' }, latency.columns, models),
    ...table(
      { key: 'server-models', title: 'Server by model, mean per request (ms)', of: 'model' },
      serverColumns(run),
      counted,
    ),
    ...table({ key: 'servers', title: 'By server (ms)', of: 'server' }, latency.columns, servers),
    ...table(
      { key: 'stream-models', title: `Streams by model: ${ofStreams}`, of: 'model' },
      streams?.columns ?? [],
      answered(models),
    ),
    ...table(
      { key: 'stream-servers', title: `Streams by server: ${ofStreams}`, of: 'server' },
      streams?.columns ?? [],
      answered(servers),
    ),
  ];
}

interface PartTitle {
  readonly key: string;
  readonly title: string;
  readonly of: 'model' | 'server';
}

/** What is said of the level as a whole is not said again of its parts. */
const rowsOf = (level: Level, parts: readonly LevelPart[] = []): PartRow[] =>
  parts.map((part) => ({ ...level, ...part, partName: part.name, stability: { stable: true }, isOverLimit: false }));

const nameColumn = (of: PartTitle['of']): Column<PartRow> => ({
  key: of,
  title: of,
  name: of,
  unit: '',
  value: ({ partName }) => partName,
  align: 'left',
});
