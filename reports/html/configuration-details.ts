import type { SearchResult, SearchVariant } from '../../src/core/search-result.js';
import type { Candidate, Metrics, TrialWindow } from '../../src/core/trial.js';
import type { Column } from '../column.js';
import { verdictOf } from '../search.js';
import { tailForm, textForm, throughputForm } from '../search-columns.js';
import { configurationText, isSameConfiguration, loadText, type TrialRow } from '../search-rows.js';
import { type Html, html } from './html.js';
import { htmlTable } from './html-table.js';

/** Every configuration that was measured, to be opened one by one: its loads, its windows, what it changes. */
export function configurationDetails(result: SearchResult, rows: readonly TrialRow[]): Html | undefined {
  if (result.variants.length === 0) return undefined;
  const [best] = result.finalists;
  const details = result.variants.map((variant, index) =>
    detailsOf(variant, {
      key: `configuration-${index + 1}`,
      rows: rows.filter(({ trial }) => isSameConfiguration(trial.candidate, variant.settings)),
      result,
      isBest: best !== undefined && isSameConfiguration(best.candidate, variant.settings),
    }),
  );
  return html`<h2>Configurations one by one</h2>
${details}`;
}

interface Details {
  readonly key: string;
  readonly rows: readonly TrialRow[];
  readonly result: SearchResult;
  readonly isBest: boolean;
}

/** The best one is open. */
function detailsOf(variant: SearchVariant, { key, rows, result, isBest }: Details): Html {
  const { name, settings, instanceGroup, maxBatchSize, difference } = variant;
  const windows = rows.flatMap(windowRows);
  const repeats = repeatRows(result, settings);
  const file = `search-${name}`;
  return html`<details id="${key}"${isBest ? html` open` : undefined}>
<summary>${name}: ${configurationText(settings)}${isBest ? ', the best' : ''}</summary>
<p class="sub">instances ${instanceGroup}, max_batch_size ${maxBatchSize}</p>
${htmlTable({ key: `${key}-loads`, title: 'First looks', columns: loadColumns, rows }, file)}
${repeats.length === 0 ? undefined : htmlTable({ key: `${key}-repeats`, title: 'Measured again, in turn with the other finalists', columns: repeatColumns, rows: repeats }, file)}
${windows.length === 0 ? undefined : html`<details><summary>Windows of the first looks</summary>\n${htmlTable({ key: `${key}-windows`, title: 'Windows of the first looks', columns: windowColumns, rows: windows }, file)}</details>`}
${difference === undefined ? undefined : html`<details><summary>Change of config.pbtxt</summary>\n<pre>${difference}</pre></details>`}
</details>
`;
}

const number = (key: string, title: string): Omit<Column<never>, 'value'> => ({ key, title, name: title, unit: '' });

const milliseconds = (key: string, title: string): Omit<Column<never>, 'value'> => ({
  ...number(key, title),
  unit: 'ms',
  digits: 3,
  significant: 4,
});

const metric =
  (tag: string) =>
  ({ trial }: TrialRow): number | undefined =>
    trial.ok ? trial.metrics[tag] : undefined;

const loadColumns: readonly Column<TrialRow>[] = [
  { ...textForm('load', 'load'), value: ({ trial }) => loadText(trial.candidate) },
  { ...number('number', 'measurement'), value: (row) => row.number },
  { ...throughputForm, value: metric('perf_throughput') },
  { ...milliseconds('mean', 'mean latency'), value: metric('perf_latency_avg') },
  { ...milliseconds('p50', 'p50 latency'), value: metric('perf_latency_p50') },
  { ...tailForm, value: metric('perf_latency_p99') },
  { ...milliseconds('queue', 'queue'), value: metric('perf_server_queue') },
  { ...milliseconds('infer', 'compute'), value: metric('perf_server_compute_infer') },
  { ...number('batch', 'mean batch'), digits: 2, value: metric('batch_size_achieved') },
  { ...number('memory', 'server memory MB'), value: metric('cpu_used_ram') },
  { ...textForm('limits', 'limits'), value: ({ trial, isKept }) => (trial.ok ? keptText(isKept) : trial.reason) },
];

/** What of the limits was seen at a first look. */
export const keptText = (isKept: boolean | undefined): string =>
  isKept === undefined ? 'unknown' : isKept ? 'kept' : 'broken';

interface RepeatRow {
  readonly candidate: Candidate;
  readonly round: number;
  readonly metrics: Metrics;
  readonly verdict: string;
}

const repeatRows = ({ finalists }: SearchResult, settings: Candidate): RepeatRow[] =>
  finalists
    .filter(({ candidate }) => isSameConfiguration(candidate, settings))
    .flatMap(({ candidate, repeated = [], limits }) =>
      repeated.map((metrics, index) => ({ candidate, round: index + 1, metrics, verdict: verdictOf(limits) })),
    );

const repeatColumns: readonly Column<RepeatRow>[] = [
  { ...textForm('load', 'load'), value: ({ candidate }) => loadText(candidate) },
  { ...number('round', 'round'), value: ({ round }) => round },
  { ...throughputForm, value: ({ metrics }) => metrics['perf_throughput'] },
  { ...milliseconds('mean', 'mean latency'), value: ({ metrics }) => metrics['perf_latency_avg'] },
  { ...tailForm, value: ({ metrics }) => metrics['perf_latency_p99'] },
  { ...textForm('limits', 'limits of all rounds'), value: ({ verdict }) => verdict },
];

interface WindowRow {
  readonly row: TrialRow;
  readonly window: TrialWindow;
}

const windowRows = (row: TrialRow): WindowRow[] =>
  row.trial.ok ? (row.trial.windows ?? []).map((window) => ({ row, window })) : [];

const windowColumns: readonly Column<WindowRow>[] = [
  { ...textForm('load', 'load'), value: ({ row }) => loadText(row.trial.candidate) },
  { ...number('number', 'measurement'), value: ({ row }) => row.number },
  { ...milliseconds('start', 'from'), digits: 0, value: ({ window }) => window.startMs },
  { ...milliseconds('duration', 'length'), digits: 0, value: ({ window }) => window.durationMs },
  { ...throughputForm, value: ({ window }) => window.throughput },
  { ...milliseconds('mean', 'mean latency'), value: ({ window }) => window.meanMs },
  { ...tailForm, value: ({ window }) => window.p99Ms },
  { ...textForm('counted', 'counted'), value: ({ window }) => (window.isCounted ? 'yes' : 'no') },
];
