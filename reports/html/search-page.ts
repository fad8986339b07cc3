import type { Finalist, Rejected, SearchResult } from '../../src/core/search-result.js';
import { candidateText } from '../candidate-text.js';
import { parallelChart } from '../charts/parallel-chart.js';
import type { Chart } from '../charts/render-chart.js';
import { paretoChart, sensitivityChart, traceChart } from '../charts/search-charts.js';
import type { Column } from '../column.js';
import { formatSearch, limitText, verdictOf } from '../search.js';
import { tailForm, textForm, throughputForm } from '../search-columns.js';
import { configurationText, loadText, type TrialRow, tailOf, throughputOf, trialRows } from '../search-rows.js';
import { cellText } from '../table.js';
import { chartFigure } from './chart-figure.js';
import { configurationDetails, keptText } from './configuration-details.js';
import { type Html, html } from './html.js';
import { htmlTable } from './html-table.js';
import { formatPage } from './page.js';
import { type Tile, tileList } from './tiles.js';

/** A search as a page that needs nothing else. */
export function formatSearchHtml(result: SearchResult): string {
  const charts = [paretoChart(result), traceChart(result), sensitivityChart(result), parallelChart(result)].filter(
    (chart): chart is Chart => chart !== undefined,
  );
  const rows = trialRows(result);
  return formatPage({
    title: `${result.model}: search`,
    body: html`<main>
<h1>${result.model}: which configuration is best?</h1>
<p class="sub">${result.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}, ${(result.durationMs / 1000).toFixed(0)} s, strategy ${result.strategy}, seed ${result.seed}</p>
${verdict(result)}
${result.finalists.length === 0 ? undefined : htmlTable({ key: 'finalists', title: 'Finalists, measured again in turn', columns: finalistColumns, rows: result.finalists }, 'search')}
${charts.length === 0 ? undefined : html`<h2>Charts</h2>\n<div class="charts">\n${charts.map(chartFigure)}</div>`}
${result.difference === undefined ? undefined : html`<h2>Change of config.pbtxt</h2>\n<pre id="difference">${result.difference}</pre>`}
${configurationDetails(result, rows)}
<h2>Tables</h2>
${loadTable(rows)}
${result.rejected.length === 0 ? undefined : htmlTable({ key: 'rejected', title: 'Near the best, and not taken', columns: rejectedColumns, rows: result.rejected }, 'search')}
${htmlTable({ key: 'trials', title: 'Every measurement', columns: trialColumns, rows }, 'search')}
${result.pruned.length === 0 ? undefined : html`<h2>Left out before anything was measured</h2>\n<ul>${result.pruned.map(({ reason, count }) => html`<li>${count}: ${reason}</li>`)}</ul>`}
<details><summary>The report as text</summary><pre>${formatSearch(result)}</pre></details>
</main>`,
    footer: `${result.tool.name} ${result.tool.version}. Everything is in this file; it loads nothing.`,
  });
}

function verdict({ finalists: [best], gain, isInterrupted }: SearchResult): Html {
  if (best === undefined) {
    return html`<section class="verdict invalid" aria-label="Verdict"><strong>${isInterrupted ? 'Interrupted before anything was decided' : 'Nothing could be measured'}</strong></section>`;
  }
  const kind = { PASS: 'valid', UNDECIDED: 'suspect', FAIL: 'invalid' }[verdictOf(best.limits)];
  const limits = best.limits.map((limit) => html`<li>${limitText(limit)}: ${limit.certainty.toUpperCase()}</li>`);
  return html`<section class="verdict ${kind}" aria-label="Verdict"><strong>${verdictOf(best.limits)}: ${candidateText(best.candidate)}${best.isCurrent ? ', the current configuration' : ''}</strong>
${limits.length === 0 ? undefined : html`<ul>${limits}</ul>`}
${tileList([...finalistTiles(best), ...(gain === undefined || best.isCurrent ? [] : [gainTile(gain)])])}</section>`;
}

/** What the best one reached, as far as it was measured. */
function finalistTiles({ metrics, chanceOfBest, repeats }: Finalist): Tile[] {
  const [throughput, tailMs] = [throughputOf(metrics), tailOf(metrics)];
  const text = (value: number, form: Pick<Column<never>, 'digits' | 'significant'>): string =>
    cellText({ ...form, title: '', value: () => value }, undefined);
  return [
    ...(throughput === undefined
      ? []
      : [{ name: 'throughput', value: text(throughput, throughputForm), unit: 'infer/s' }]),
    ...(tailMs === undefined ? [] : [{ name: 'p99 latency', value: text(tailMs, tailForm), unit: 'ms' }]),
    {
      name: 'likely the best of the finalists',
      value: (100 * chanceOfBest).toFixed(0),
      unit: `%, by ${repeats} ${repeats === 1 ? 'measurement' : 'measurements'} of it`,
    },
  ];
}

function gainTile({ mean, low, high }: NonNullable<SearchResult['gain']>): Tile {
  const percent = (share: number): string => `${share > 0 ? '+' : ''}${(100 * share).toFixed(1)}`;
  return {
    name: 'gain over the current configuration',
    value: percent(mean),
    unit: `% (95 %: ${percent(low)} to ${percent(high)})`,
  };
}

const finalistColumns: readonly Column<Finalist>[] = [
  {
    ...textForm('candidate', 'finalist'),
    value: ({ candidate, isCurrent }) => `${candidateText(candidate)}${isCurrent ? ' (current)' : ''}`,
  },
  { ...throughputForm, value: ({ metrics }) => throughputOf(metrics) },
  { ...tailForm, value: ({ metrics }) => tailOf(metrics) },
  { ...textForm('limits', 'limits'), value: ({ limits }) => verdictOf(limits) },
  { key: 'best', title: 'best', name: 'likely the best', unit: '%', value: ({ chanceOfBest }) => 100 * chanceOfBest },
];

const rejectedColumns: readonly Column<Rejected>[] = [
  { ...textForm('candidate', 'candidate'), value: ({ candidate }) => candidateText(candidate) },
  {
    key: 'differences',
    title: 'differs in',
    name: 'settings that differ',
    unit: '',
    value: (each) => each.differences,
  },
  { ...textForm('reason', 'reason'), value: ({ reason }) => reason },
];

const trialColumns: readonly Column<TrialRow>[] = [
  { key: 'number', title: 'number', name: 'number', unit: '', value: ({ number }) => number },
  { ...textForm('candidate', 'candidate'), value: ({ trial }) => candidateText(trial.candidate) },
  { ...throughputForm, value: ({ trial }) => (trial.ok ? throughputOf(trial.metrics) : undefined) },
  { ...tailForm, value: ({ trial }) => (trial.ok ? tailOf(trial.metrics) : undefined) },
  {
    ...textForm('limits', 'limits'),
    value: ({ trial, isKept }) => (trial.ok ? keptText(isKept) : trial.reason),
  },
];

/** Configurations in rows, loads in columns: the throughput that was measured last. */
function loadTable(rows: readonly TrialRow[]): Html {
  const measured = rows.filter(({ trial }) => trial.ok);
  const loads = [...new Set(measured.map(({ trial }) => loadText(trial.candidate)))].sort((left, right) =>
    left.localeCompare(right, 'en', { numeric: true }),
  );
  const names = [...new Set(measured.map(({ trial }) => configurationText(trial.candidate)))];
  const throughputAt = (name: string, load: string): number | undefined => {
    const found = measured.findLast(
      ({ trial }) => configurationText(trial.candidate) === name && loadText(trial.candidate) === load,
    );
    return found?.trial.ok ? throughputOf(found.trial.metrics) : undefined;
  };
  const columns: Column<string>[] = [
    { ...textForm('configuration', 'configuration'), value: (name) => name },
    ...loads.map(
      (load): Column<string> => ({
        key: load,
        title: load,
        name: load,
        unit: 'infer/s',
        value: (name) => throughputAt(name, load),
        digits: 1,
        significant: 5,
      }),
    ),
  ];
  return htmlTable({ key: 'loads', title: 'Configurations and loads', columns, rows: names }, 'search');
}
