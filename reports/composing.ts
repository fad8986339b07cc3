import { levelTitle, levelValue } from '../src/core/load-name.js';
import type { ComposingSplit, Level, ModelFacts, Run, ServerSplit } from '../src/core/run.js';
import { sixDigits, us } from './cells.js';
import type { Column, Table, Unit } from './column.js';
import { csvText } from './csv-text.js';

interface ComposingRow {
  readonly level: Level;
  readonly model: ComposingSplit;
}

const rowsOf = (levels: readonly Level[]): ComposingRow[] =>
  levels.flatMap((level) => (level.composing ?? []).map((model) => ({ level, model })));

/**
 * What the models within the measured one did, level by level, models of models indented; absent when none worked.
 *
 * @param levelColumn names the level of a row
 */
export function composingTable(levels: readonly Level[], levelColumn: Column<Level>): Table<ComposingRow> | undefined {
  const rows = rowsOf(levels);
  if (rows.length === 0) return undefined;
  const hasCache = rows.some(({ model }) => model.server.cache !== undefined);
  return {
    key: 'composing',
    title: 'Composing models, mean per request of the model (ms)',
    columns: [
      { ...levelColumn, value: ({ level }) => levelColumn.value(level) },
      {
        ...plain('model', 'model'),
        value: ({ model }) => `${'  '.repeat(model.depth - 1)}${model.name}`,
        align: 'left',
      },
      { ...plain('v', 'version'), value: ({ model }) => model.version },
      { ...plain('requests', 'requests'), value: ({ model }) => model.server.requests },
      ofServer({ title: 'batch', name: 'mean batch', unit: '', digits: 2 }, ({ meanBatchSize }) => meanBatchSize),
      ofServer({ title: 'total', name: 'whole request' }, ({ requestMs }) => requestMs),
      ofServer({ title: 'queue', name: 'queue' }, ({ queueMs }) => queueMs),
      ofServer({ title: 'input', name: 'compute input' }, ({ computeInputMs }) => computeInputMs),
      ofServer({ title: 'infer', name: 'compute infer' }, ({ computeInferMs }) => computeInferMs),
      ofServer({ title: 'output', name: 'compute output' }, ({ computeOutputMs }) => computeOutputMs),
      ofServer({ title: 'other', name: 'other in the server' }, ({ overheadMs }) => overheadMs),
      ...(hasCache ? cacheTableColumns : []),
    ],
    rows,
  };
}

const plain = (title: string, name: string) => ({ key: name.replaceAll(' ', '_'), title, name, unit: '' }) as const;

interface ServerForm {
  readonly title: string;
  readonly name: string;
  readonly unit?: Unit;
  readonly digits?: number;
}

const ofServer = (
  { title, name, unit = 'ms', digits = 3 }: ServerForm,
  pick: (server: ServerSplit) => number | undefined,
): Column<ComposingRow> => ({
  ...plain(title, name),
  unit,
  value: ({ model }) => pick(model.server),
  digits,
  significant: 4,
});

const cacheTableColumns: readonly Column<ComposingRow>[] = [
  { ...plain('hits', 'cache hits'), value: ({ model }) => model.server.cache?.hits },
  ofServer({ title: 'hit', name: 'mean cache hit' }, ({ cache }) => cache?.hitMs),
  ofServer({ title: 'miss', name: 'mean cache miss' }, ({ cache }) => cache?.missMs),
];

/** The measured models of which nobody asks what the models within them do: it is asked of one model on one server. */
const unasked = ({ model, models = [model], servers = [] }: Run): readonly ModelFacts[] =>
  models.length > 1 || servers.length > 1 ? models.filter(({ composing = [] }) => composing.length > 0) : [];

/** One sentence for each measured model whose split would be read wrongly. */
export const composingRemarks = (run: Run): string[] =>
  unasked(run).map(
    ({ name }) =>
      `${name}: with several models or servers the time in the queues of its own models counts as the server's overhead, ` +
      'and they have no table. Measure it alone on one server to see it.',
  );

/** A CSV of one model within the measured one. */
export interface ComposingCsv {
  readonly name: string;
  readonly version: string;
  readonly text: string;
}

/**
 * The CSV of each model version within the measured one, with perf_analyzer's headers: times in whole microseconds, rows in
 * the order of the measured model's CSV. A level in which the model did nothing has no row. None at all where nobody was asked.
 */
export function composingCsvs(run: Run): ComposingCsv[] {
  if (unasked(run).length > 0) return [];
  const rows = rowsOf(run.levels.toSorted((left, right) => left.summary.throughput - right.summary.throughput));
  const worked = rows.map(({ model }) => model);
  const idle = (run.model.composing ?? []).filter(({ name }) => worked.every((model) => model.name !== name));
  const files = new Map(
    [...worked, ...idle].map(({ name, version }) => [JSON.stringify([name, version]), { name, version }]),
  );
  return [...files.values()].map(({ name, version }) => {
    const own = rows.filter(({ model }) => model.name === name && model.version === version);
    return { name, version, text: modelCsv(run, own) };
  });
}

type CsvColumn = readonly [title: string, value: (row: ComposingRow) => string | number | undefined];

const cacheColumns: readonly CsvColumn[] = [
  ['Server Cache Hit', ({ model }) => us(model.server.cache?.hitMs)],
  ['Server Cache Miss', ({ model }) => us(model.server.cache?.missMs)],
];

function modelCsv(run: Run, rows: readonly ComposingRow[]): string {
  const hasCache = rows.some(({ model }) => model.server.cache !== undefined);
  const columns: readonly CsvColumn[] = [
    [levelTitle(run.settings.load), ({ level }) => sixDigits(levelValue(level.load))],
    ['Inferences/Second', throughputOf],
    ['Client Send', () => 0],
    ['Network+Server Send/Recv', ({ model }) => us(model.server.overheadMs)],
    ['Server Queue', ({ model }) => us(model.server.queueMs)],
    ['Server Compute Input', ({ model }) => us(model.server.computeInputMs)],
    ['Server Compute Infer', ({ model }) => us(model.server.computeInferMs)],
    ['Server Compute Output', ({ model }) => us(model.server.computeOutputMs)],
    ...(hasCache ? cacheColumns : []),
    ['Client Recv', () => 0],
  ];
  return csvText([columns.map(([title]) => title), ...rows.map((row) => columns.map(([, value]) => value(row) ?? ''))]);
}

/** That of the measured model, times the requests of this one for each request of that. */
function throughputOf({ level, model }: ComposingRow): string | undefined {
  const { throughput, server } = level.summary;
  return server && sixDigits((throughput * model.server.requests) / server.requests);
}
