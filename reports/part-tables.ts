import type { Level, LevelPart, Run } from '../src/core/run.js';
import { formatTable, type TextColumn } from './table.js';

/** A level as one of its models, or one of its servers, saw it. */
interface PartRow extends Level {
  readonly partName: string;
}

export interface PartColumns {
  readonly level: TextColumn<Level>;
  /** Behind that of the level. */
  readonly latency: readonly TextColumn<Level>[];
  readonly server: readonly TextColumn<Level>[];
  /** None: each request had one response. */
  readonly streams: readonly TextColumn<Level>[];
}

/** Tables of several models and of several servers; none when there is one of each. */
export function formatParts({ levels }: Run, { level, latency, server, streams }: PartColumns): string[] {
  const table = (title: string, name: string, columns: readonly TextColumn<Level>[], rows: readonly PartRow[]) =>
    rows.length === 0 || columns.length === 0
      ? []
      : [`${title}\n${formatTable([level, nameColumn(name), ...columns], rows)}`];
  const models = levels.flatMap((each) => rowsOf(each, each.models));
  const servers = levels.flatMap((each) => rowsOf(each, each.servers));
  const ofStreams = 'responses, and time to the first (ms)';
  const answered = (rows: readonly PartRow[]) => rows.filter(({ summary }) => summary.requests > 0);
  const counted = models.filter(({ summary }) => summary.server !== undefined);
  return [
    ...table('By model (ms)', 'model', latency, models),
    ...table('Server by model, mean per request (ms)', 'model', server, counted),
    ...table('By server (ms)', 'server', latency, servers),
    ...table(`Streams by model: ${ofStreams}`, 'model', streams, answered(models)),
    ...table(`Streams by server: ${ofStreams}`, 'server', streams, answered(servers)),
  ];
}

/** What is said of the level as a whole is not said again of its parts. */
const rowsOf = (level: Level, parts: readonly LevelPart[] = []): PartRow[] =>
  parts.map((part) => ({ ...level, ...part, partName: part.name, stability: { stable: true }, isOverLimit: false }));

const nameColumn = (title: string): TextColumn<PartRow> => ({
  title,
  value: ({ partName }) => partName,
  align: 'left',
});
