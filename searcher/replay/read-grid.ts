import { PerfError } from '../../src/core/perf-error.js';
import type { Candidate, SettingValue } from '../../src/core/trial.js';
import { metricOf } from '../goal/metrics.js';
import { csvCells } from './csv-cells.js';

/** A recorded measurement. */
export interface GridRow {
  readonly candidate: Candidate;
  /** What was recorded of it, by metric tag. */
  readonly metrics: Readonly<Record<string, number>>;
  /** How long it took; absent when that was not recorded. */
  readonly seconds?: number;
}

/** Those of servers of language models are no metrics of a search, but they are no dimensions either. */
const isMetric = (column: string): boolean =>
  metricOf(column) !== undefined ||
  /^(perf|time_to_first_token|inter_token_latency|output_token_throughput)/.test(column);

/**
 * Reads a CSV of measurements: a column `model`, `measurement_s`, metrics by their tags, and every other column is a dimension. An empty
 * cell is a metric that was not recorded, or a dimension that does not apply.
 *
 * @param model of which the rows are taken; may be left out when there is only one
 * @throws PerfError `file`
 */
export function readGrid(file: string, text: string, model?: string): GridRow[] {
  const [header = [], ...lines] = csvCells(text, (line, found) =>
    badGrid(file, `commas between cells and quotes around whole ones in row ${line}`, JSON.stringify(found)),
  );
  const broken = lines.findIndex((line) => line.length !== header.length);
  if (broken !== -1) {
    const got = lines[broken]?.length;
    throw badGrid(file, `${header.length} cells in row ${broken + 2}, as in the heading`, `${got}`);
  }
  const columns = header.map((name, index) => ({
    name: metricOf(name.trim())?.tag ?? name.trim(),
    cells: lines.map((line) => (line[index] ?? '').trim()),
  }));
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw badGrid(file, 'each column once', `${twice} twice`);
  if (!columns.some(({ name }) => isMetric(name)))
    throw badGrid(file, 'a column such as perf_throughput', header.join(','));
  const rows = rowsOf(file, columns, lines.length);
  const models = columns.find(({ name }) => name === 'model')?.cells ?? lines.map(() => '');
  const chosen = model ?? models[0];
  if (model === undefined && new Set(models).size > 1) {
    throw badGrid(file, 'one model, or -m MODEL', [...new Set(models)].join(', '));
  }
  const taken = rows.filter((_, index) => models[index] === chosen || models[index] === '');
  if (taken.length === 0) throw badGrid(file, model === undefined ? 'rows' : `rows of model ${model}`, 'none');
  return taken;
}

interface Column {
  readonly name: string;
  readonly cells: readonly string[];
}

function rowsOf(file: string, columns: readonly Column[], count: number): GridRow[] {
  const metrics = columns.filter(({ name }) => isMetric(name));
  const dimensions = columns.filter(({ name }) => name !== 'model' && name !== 'measurement_s' && !isMetric(name));
  const values = dimensions.map(valuesOf);
  const seconds = columns.find(({ name }) => name === 'measurement_s');
  return Array.from({ length: count }, (_, row) => {
    const took = seconds === undefined ? undefined : numberIn(file, seconds, row);
    const recorded = metrics.flatMap((column) => {
      const value = numberIn(file, column, row);
      return value === undefined ? [] : [[column.name, value] as const];
    });
    const settings = dimensions.flatMap(({ name }, index) => {
      const value = values[index]?.[row];
      return value === undefined ? [] : [[name, value] as const];
    });
    return {
      candidate: Object.fromEntries(settings),
      metrics: Object.fromEntries(recorded),
      ...(took === undefined ? {} : { seconds: took }),
    };
  });
}

/** Numbers, if all that is there are numbers. */
function valuesOf({ cells }: Column): readonly (SettingValue | undefined)[] {
  const areNumbers = cells.every((cell) => Number.isFinite(Number(cell)));
  return cells.map((cell) => (cell === '' ? undefined : areNumbers ? Number(cell) : cell));
}

function numberIn(file: string, { name, cells }: Column, row: number): number | undefined {
  const cell = cells[row] ?? '';
  if (cell === '') return undefined;
  const value = Number(cell);
  if (!Number.isFinite(value)) throw badGrid(file, `a number or nothing in ${name} of row ${row + 2}`, cell);
  return value;
}

const badGrid = (file: string, expected: string, got: string): PerfError =>
  new PerfError('file', `Cannot replay ${file}: expected ${expected}, got ${got}`);
