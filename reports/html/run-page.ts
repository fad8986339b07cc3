import type { Run } from '../../src/core/run.js';
import { batchSizes } from '../charts/batch-sizes.js';
import { heatMap } from '../charts/heat-map.js';
import { loadCurve } from '../charts/load-curve.js';
import { percentilePlot } from '../charts/percentile-plot.js';
import type { Chart } from '../charts/render-chart.js';
import { responseTime } from '../charts/response-time.js';
import { serverStack } from '../charts/server-stack.js';
import { timeline } from '../charts/timeline.js';
import { describeModels, describeRun } from '../describe-run.js';
import { formatText } from '../text.js';
import { chartFigure } from './chart-figure.js';
import { type Html, html } from './html.js';
import { formatPage } from './page.js';
import { runFacts } from './run-facts.js';
import { runHeadline } from './run-headline.js';
import { runTables } from './run-tables.js';

/** One run, or several one after the other, as a page that needs nothing else. */
export function formatHtml(runs: readonly Run[]): string {
  const names = [...new Set(runs.map(describeModels))].join(', ');
  const [first] = runs;
  return formatPage({
    title: `${names}: performance`,
    body: html`<main>${runs.map((run, index) => runSection(run, runs.length === 1 ? '' : `run${index + 1}-`))}</main>`,
    footer:
      first === undefined
        ? ''
        : `${first.tool.name} ${first.tool.version}. Everything is in this file; it loads nothing.`,
  });
}

/** @param prefix makes names of the page unique when it shows several runs */
function runSection(run: Run, prefix: string): Html {
  const isMeasured = run.levels.some(({ summary }) => summary.requests > 0);
  const [title, ...description] = describeRun(run);
  return html`<article>
<h1>${title}</h1>
<p class="sub">${run.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}, ${(run.durationMs / 1000).toFixed(1)} s</p>
${runHeadline(run)}
${isMeasured ? html`<h2>Charts</h2>\n<div class="charts">\n${charts(run).map((chart) => chartFigure({ ...chart, name: prefix + chart.name }))}</div>` : undefined}
<h2>Tables</h2>
${runTables(run, prefix)}
<h2>How it was measured</h2>
<ul>${description.map((line) => html`<li>${line}</li>`)}</ul>
${runFacts(run)}
<details><summary>The report as text</summary><pre>${formatText(run)}</pre></details>
</article>
`;
}

const charts = (run: Run): Chart[] =>
  [
    loadCurve(run),
    responseTime(run),
    percentilePlot(run),
    timeline(run),
    heatMap(run),
    serverStack(run),
    batchSizes(run),
  ].filter((chart) => chart !== undefined);
