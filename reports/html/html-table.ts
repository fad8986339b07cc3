import { type Column, headingOf, type Table } from '../column.js';
import { csvText } from '../csv-text.js';
import { cellText } from '../table.js';
import { type Html, html } from './html.js';

/** A table with units in its headings, and a link to all digits of it as CSV, which needs no script. */
export function htmlTable<Row>(table: Table<Row>, file: string): Html {
  const { key, title, columns, rows } = table;
  const cells = (row: Row): Html[] => columns.map((column, index) => cell(column, row, index));
  return html`<figure class="table" id="table-${key}">
<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table>
<caption><span>${title}</span></caption>
<thead><tr>${columns.map((column) => html`<th scope="col"${alignment(column)}>${column.name}${unitText(column)}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${cells(row)}</tr>\n`)}</tbody>
</table></div>
<a class="csv" download="${file}-${key}.csv" href="${csvLink(table)}">CSV of this table</a>
</figure>`;
}

const unitText = ({ unit }: Column<never>): Html | undefined =>
  unit === '' ? undefined : html` <span class="unit">${unit}</span>`;

const alignment = ({ align }: Pick<Column<never>, 'align'>): Html | undefined =>
  align === 'left' ? html` class="left"` : undefined;

/** The first cell names its row. */
function cell<Row>(column: Column<Row>, row: Row, index: number): Html {
  const text = cellText(column, row);
  if (index === 0) return html`<th scope="row"${alignment(column)}>${text}</th>`;
  const value = column.value(row);
  const raw = typeof value === 'number' ? html` data-value="${value}"` : undefined;
  return html`<td${alignment(column)}${raw}>${text}</td>`;
}

function csvLink<Row>({ columns, rows }: Table<Row>): string {
  const text = csvText([columns.map(headingOf), ...rows.map((row) => columns.map(({ value }) => value(row) ?? ''))]);
  return `data:text/csv;charset=utf-8,${encodeURIComponent(text)}`;
}
