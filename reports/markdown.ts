import type { Run } from '../src/core/run.js';
import { headingOf, type Table } from './column.js';
import { describeModels, describeRun, runRemarks } from './describe-run.js';
import { levelTables } from './level-tables.js';
import { cellText } from './table.js';

/** The runs for a page that renders Markdown, such as the summary of a GitHub job. */
export const formatMarkdown = (runs: readonly Run[]): string => runs.map(runSection).join('\n');

function runSection(run: Run): string {
  const { latency, pacing, server } = levelTables(run);
  const [, ...description] = describeRun(run);
  const remarks = runRemarks(run);
  const blocks = [
    `## ${markdownText(describeModels(run))}`,
    `${run.startedAt}, batch ${run.settings.batchSize}`,
    ...[latency, pacing, server].flatMap((table) => (table === undefined ? [] : [markdownTable(table)])),
    ...(remarks.length === 0 ? [] : [remarks.map((line) => `- ${markdownText(line)}`).join('\n')]),
    description.map((line) => `- ${markdownText(line)}`).join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** A table whose numbers stand at the right. */
export function markdownTable<Row>({ columns, rows }: Pick<Table<Row>, 'columns' | 'rows'>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map((column) => markdownText(headingOf(column)))),
    line(columns.map(({ align }) => (align === 'left' ? ':--' : '--:'))),
    ...rows.map((row) => line(columns.map((column) => markdownText(cellText(column, row))))),
  ].join('\n');
}

/** Text without a meaning of its own in Markdown or HTML, on one line. */
export const markdownText = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd') // They turn around what stands behind them.
    .replace(/[\\`*_[\]|~#]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
