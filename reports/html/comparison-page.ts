import type { Comparison } from '../../src/core/comparison.js';
import { changePlot } from '../charts/change-plot.js';
import { changeColumns, compareHeadline, describeComparison, isSure } from '../comparison.js';
import { chartFigure } from './chart-figure.js';
import { html } from './html.js';
import { htmlTable } from './html-table.js';
import { formatPage } from './page.js';

/** The columns of all formats, with the verdict where a small screen still has it. */
const columns = changeColumns.toSorted((one, other) => placeOf(one.key) - placeOf(other.key));

function placeOf(key: string): number {
  const place = ['level', 'metric', 'verdict'].indexOf(key);
  return place < 0 ? Number.MAX_SAFE_INTEGER : place;
}

/** A comparison as a page that needs nothing else. */
export function formatComparisonHtml(comparison: Comparison): string {
  const { title, changes } = comparison;
  const isRegression = changes.some((change) => change.isRegression);
  const kind = isRegression ? 'invalid' : isSure(changes) ? 'valid' : 'suspect';
  const chart = changePlot(changes);
  return formatPage({
    title: `${title}: comparison`,
    body: html`<main>
<h1>${title}</h1>
<section class="verdict ${kind}" aria-label="Verdict"><strong>${compareHeadline(comparison)}</strong></section>
${chart === undefined ? undefined : chartFigure(chart)}
<h2>Figures</h2>
${htmlTable({ key: 'changes', title: 'Each level and figure', columns, rows: changes }, 'perf-analyze')}
<h2>What was compared</h2>
<ul>${describeComparison(comparison).map((line) => html`<li>${line}</li>`)}</ul>
</main>`,
    footer: 'Everything is in this file; it loads nothing.',
  });
}
