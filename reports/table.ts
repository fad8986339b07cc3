/** A column of a text table. */
export interface TextColumn<Row> {
  readonly title: string;
  /** `undefined` prints a dash. */
  readonly value: (row: Row) => string | number | undefined;
  /** Decimal places of a number. */
  readonly digits?: number;
  /** A number with more digits than this has fewer decimal places, so that a wide range makes no wide column. */
  readonly significant?: number;
  /** Texts may stand at the left; the default suits numbers. */
  readonly align?: 'left' | 'right';
}

type NumberForm = Pick<TextColumn<never>, 'digits' | 'significant'>;

/** Rows as aligned text, two spaces between columns, a rule under the titles. */
export function formatTable<Row>(columns: readonly TextColumn<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => cellText(column, row)));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const pad = (texts: readonly string[]): string =>
    texts
      .map((text, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.align === 'left' ? text.padEnd(width) : text.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [pad(columns.map(({ title }) => title)), rule, ...cells.map(pad)].join('\n');
}

/** What a cell shows: a number with the digits of its column, a dash for what is absent. */
export function cellText<Row>(column: TextColumn<Row>, row: Row): string {
  const value = column.value(row);
  if (value === undefined) return '–';
  return typeof value === 'number' ? value.toFixed(decimalPlaces(value, column)) : value;
}

function decimalPlaces(value: number, { digits = 0, significant }: NumberForm): number {
  if (significant === undefined) return digits;
  const rounded = Math.abs(Number(value.toPrecision(significant)));
  return Math.max(0, Math.min(digits, significant - String(Math.floor(rounded)).length));
}
