import { type History, type HistoryGroup, isFailing } from '../../src/core/history.js';
import { trendChart } from '../charts/trend-chart.js';
import {
  describeGroup,
  historyHeadline,
  historyRemarks,
  shiftColumns,
  shiftRows,
  trendColumns,
  trendRows,
} from '../history.js';
import { chartFigure } from './chart-figure.js';
import { type Html, html } from './html.js';
import { htmlTable } from './html-table.js';
import { formatPage } from './page.js';

/** The trends of a history as a page that needs nothing else. */
export function formatTrends(history: History): string {
  const { groups } = history;
  const rows = trendRows(groups);
  const isFailed = rows.some(({ trend }) => isFailing(trend));
  const isYoung = rows.length === 0 || rows.some(({ trend }) => trend.needsRuns !== undefined);
  const shifts = shiftRows(groups);
  const titles = [...new Set(groups.map(({ title }) => title))].join(', ');
  return formatPage({
    title: `${titles}: history`,
    body: html`<main>
<h1>${titles}</h1>
<section class="verdict ${isFailed ? 'invalid' : isYoung ? 'suspect' : 'valid'}" aria-label="Verdict"><strong>${historyHeadline(history)}</strong></section>
<ul class="remarks">${historyRemarks(history).map((line) => html`<li>${line}</li>`)}</ul>
${shifts.length === 0 ? undefined : html`<h2>Shifts</h2>\n${htmlTable({ key: 'shifts', title: 'Where a figure took another level', columns: shiftColumns, rows: shifts }, 'history')}`}
${groups.map((group, index) => groupSection(group, index))}
</main>`,
    footer: 'Everything is in this file; it loads nothing.',
  });
}

function groupSection(group: HistoryGroup, index: number): Html {
  const [title, runs] = describeGroup(group).split('\n');
  const order = group.trends
    .map((trend, place) => ({ trend, name: `trend${index + 1}-${place + 1}` }))
    .sort((left, right) => weight(right.trend) - weight(left.trend));
  return html`<h2>${title}</h2>
<p class="sub">${runs}</p>
<div class="charts">
${order.map(({ trend, name }) => chartFigure(trendChart(group, trend, name)))}</div>
${htmlTable({ key: `trends${index + 1}`, title: 'Every figure', columns: trendColumns, rows: trendRows([group]) }, 'history')}
`;
}

/** What fails is looked at first, then what shifted. */
const weight = (trend: HistoryGroup['trends'][number]): number =>
  isFailing(trend) ? 2 : Math.min(1, trend.shifts.length);
