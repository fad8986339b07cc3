import { formatTable, type TextColumn } from './table.js';

/** What a number counts in; empty: it is a number of things, or a text. */
export type Unit = '' | 'ms' | 'infer/s' | 'requests/s' | 'responses/s' | '%' | 'MB' | 'MiB' | 'W' | 'cores';

/** A column that every format can show. */
export interface Column<Row> extends TextColumn<Row> {
  /** For machines, without the unit; unique within a table. */
  readonly key: string;
  /** In full, where `title` relies on its neighbours. */
  readonly name: string;
  readonly unit: Unit;
}

/** Rows with the columns to show of them. */
export interface Table<Row> {
  readonly key: string;
  readonly title: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
}

/** As aligned text below its title; nothing of a table that is not there. */
export const titledText = <Row>(table: Table<Row> | undefined): string[] =>
  table === undefined ? [] : [`${table.title}\n${formatTable(table.columns, table.rows)}`];

/** The name of a column with its unit. */
export const headingOf = ({ name, unit }: Column<never>): string => (unit === '' ? name : `${name} (${unit})`);
