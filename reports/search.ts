import type { Finalist, SearchLimit, SearchResult } from '../src/core/search-result.js';
import type { Trial } from '../src/core/trial.js';
import { candidateText } from './candidate-text.js';
import { formatInsight } from './search-insight.js';
import { formatTable, type TextColumn } from './table.js';

/** What a search on a server found, as text. */
export function formatSearch(result: SearchResult): string {
  const { trials, finalists, limits } = result;
  const failed = trials.filter(({ ok }) => !ok);
  const seconds = trials.reduce((sum, trial) => sum + trial.seconds, 0);
  return [
    `${result.model} on ${result.server.url} (${result.server.kind}): strategy ${result.strategy}, seed ${result.seed}`,
    `aim: ${result.objectives.map(({ metric, weight }) => (weight === 1 ? metric : `${metric} x ${weight}`)).join(', ')}; limits: ${
      limits.map(limitText).join(', ') || 'none'
    }`,
    `measured: ${trials.length} short measurements of ${result.candidates} candidates in ${seconds.toFixed(0)} s, ${failed.length} failed`,
    ...result.pruned.map(({ reason, count }) => `left out: ${count}, ${reason}`),
    '',
    ...(finalists.length === 0 ? undecidedText(result) : [decisionText(finalists), '', ...closing(result)]),
    ...formatInsight(result),
    '',
  ].join('\n');
}

/** A search that ended before it could decide still has a best measurement. */
function undecidedText({ trials, ranking: [first] }: SearchResult): string[] {
  const best = first === undefined ? undefined : trials[first];
  const soFar = best === undefined ? [] : [`Best of the short measurements: ${searchTrialLine(best)}`];
  return ['No candidate was decided on.', ...soFar];
}

export function limitText({ metric, min, max, unit = '' }: SearchLimit): string {
  const bound = (sign: string, value: number | undefined): string[] =>
    value === undefined ? [] : [`${metric} ${sign} ${value}${unit === '' ? '' : ` ${unit}`}`];
  return [...bound('>=', min), ...bound('<=', max)].join(', ');
}

const decisionText = (finalists: readonly Finalist[]): string => formatTable(columns, finalists);

const columns: readonly TextColumn<Finalist>[] = [
  {
    title: 'finalist',
    align: 'left',
    value: ({ candidate, isCurrent }) => `${candidateText(candidate)}${isCurrent ? ' (current)' : ''}`,
  },
  { title: 'infer/s', value: ({ metrics }) => metrics['perf_throughput'], digits: 1, significant: 5 },
  { title: 'mean', value: ({ metrics }) => metrics['perf_latency_avg'], digits: 3, significant: 4 },
  { title: 'p99', value: ({ metrics }) => metrics['perf_latency_p99'], digits: 3, significant: 4 },
  { title: 'limits', value: ({ limits }) => verdictOf(limits) },
  { title: 'best', value: ({ chanceOfBest }) => `${(100 * chanceOfBest).toFixed(0)} %` },
];

/** The worst of its limits. */
export function verdictOf(limits: Finalist['limits']): string {
  const certainties = limits.map(({ certainty }) => certainty);
  if (certainties.includes('fail')) return 'FAIL';
  return certainties.includes('undecided') ? 'UNDECIDED' : 'PASS';
}

function closing(result: SearchResult): string[] {
  const [best] = result.finalists;
  if (best === undefined) return [];
  return [
    `Best: ${candidateText(best.candidate)}${best.isCurrent ? ', the current configuration' : ''}: ${verdictOf(best.limits)}`,
    ...best.limits.map(
      (limit) =>
        `  ${limitText(limit)}: ${limit.certainty.toUpperCase()}${
          limit.interval === undefined ? '' : `, between ${short(limit.interval.low)} and ${short(limit.interval.high)}`
        }`,
    ),
    ...gainText(result),
  ];
}

/** Of the objective, with the load of each: the current configuration may have its best at another one. */
function gainText({ finalists, gain, objectives }: SearchResult): string[] {
  const [best] = finalists;
  const current = finalists.find(({ isCurrent }) => isCurrent);
  if (best === undefined || best.isCurrent) return [];
  if (current === undefined) return ['The current configuration keeps the limits under no load that was tried.'];
  if (gain === undefined) return [];
  const aim = objectives.length === 1 ? `in ${objectives[0]?.metric}` : 'in the weighted objectives';
  const percent = (value: number): string => `${value > 0 ? '+' : ''}${(100 * value).toFixed(1)} %`;
  return [
    `${comparison(gain)} ${aim} than the current configuration at ${candidateText(current.candidate)}, its best load: ${percent(gain.mean)} (95 %: ${percent(gain.low)} to ${percent(gain.high)})`,
  ];
}

/** What the interval allows to say. */
function comparison({ low, high }: NonNullable<SearchResult['gain']>): string {
  if (low > 0) return 'Better';
  return high < 0 ? 'Worse' : 'Not surely better';
}

const short = (value: number): string => `${Number(value.toPrecision(4))}`;

/** One measurement in one line. */
export function searchTrialLine(trial: Trial): string {
  if (!trial.ok) return `${candidateText(trial.candidate)}: failed, ${trial.reason}`;
  const { perf_throughput: throughput, perf_latency_p99: p99 } = trial.metrics;
  if (throughput === undefined) return candidateText(trial.candidate);
  const tail = p99 === undefined ? '' : `, p99 ${short(p99)} ms`;
  return `${candidateText(trial.candidate)}: ${short(throughput)} infer/s${tail}`;
}
