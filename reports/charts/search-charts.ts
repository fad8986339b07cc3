import type { SearchResult } from '../../src/core/search-result.js';
import { candidateText } from '../candidate-text.js';
import { searchTrialLine } from '../search.js';
import { isSameCandidate, type TrialRow, tailOf, throughputOf, trialRows } from '../search-rows.js';
import { colours, grid, isNarrow, muted, paper, short, xAxis, yAxis } from './chart-style.js';
import type { Chart, ChartPoint } from './render-chart.js';

interface Placed {
  readonly row: TrialRow;
  readonly throughput: number;
  readonly tailMs: number | undefined;
}

export const placedOf = (rows: readonly TrialRow[]): Placed[] =>
  rows.flatMap((row) => {
    const throughput = row.trial.ok ? throughputOf(row.trial.metrics) : undefined;
    return throughput === undefined || !row.trial.ok ? [] : [{ row, throughput, tailMs: tailOf(row.trial.metrics) }];
  });

const pointStyle = ({ row }: Placed) =>
  row.isKept === false ? { color: paper, borderColor: colours[4], borderWidth: 2 } : { color: colours[0] };

const pointOf = ({ row: { number, trial } }: Placed, x: number, y: number): ChartPoint => ({
  level: number,
  x,
  y,
  label: `${number}: ${searchTrialLine(trial)}`,
});

/** Throughput against p99 of every measurement, with the candidates that no other beats. */
export function paretoChart(result: SearchResult): Chart | undefined {
  const placed = placedOf(trialRows(result)).filter(
    (each): each is Placed & { readonly tailMs: number } => each.tailMs !== undefined,
  );
  if (placed.length === 0) return undefined;
  const front = result.pareto.flatMap(({ candidate, metrics }) => {
    const [x, y] = [throughputOf(metrics), tailOf(metrics)];
    return x === undefined || y === undefined ? [] : [{ candidate, x, y }];
  });
  const slowest = Math.max(...placed.map(({ tailMs }) => tailMs));
  const tailLimit = result.limits.find(
    ({ metric, max = slowest }) => metric === 'perf_latency_p99' && max < slowest,
  )?.max;
  const [best] = result.finalists;
  const chosen = placed.filter(({ row }) => best !== undefined && isSameCandidate(row.trial.candidate, best.candidate));
  return {
    name: 'pareto',
    title: 'Throughput against p99 latency',
    caption: `Each point is a measurement; hollow ones break a limit.${
      tailLimit === undefined ? '' : ' Shaded is what lies over the limit of p99.'
    } Ringed are the candidates that no other one beats in throughput, latency and, where it was measured, memory; a diamond is the choice.`,
    description: front
      .map(({ candidate, x, y }) => `${candidateText(candidate)}: ${short(x)} infer/s, p99 ${short(y)} ms`)
      .join('; '),
    isFullWidth: true,
    option: () => ({
      grid: { ...grid, top: 30 },
      xAxis: xAxis({ name: 'throughput (infer/s)', min: 0 }),
      yAxis: yAxis({ name: 'p99 (ms)', min: 0 }),
      series: [
        {
          type: 'scatter',
          symbolSize: 10,
          data: placed.map((each) => ({ value: [each.throughput, each.tailMs], itemStyle: pointStyle(each) })),
          emphasis: { disabled: true },
        },
        {
          type: 'scatter',
          silent: true,
          symbolSize: 17,
          itemStyle: { color: 'none', borderColor: colours[2], borderWidth: 2 },
          data: front.map(({ x, y }) => [x, y]),
          emphasis: { disabled: true },
        },
        {
          type: 'scatter',
          silent: true,
          symbol: 'diamond',
          symbolSize: 18,
          z: 1,
          itemStyle: { color: colours[2] },
          data: chosen.map(({ throughput, tailMs }) => [throughput, tailMs]),
          emphasis: { disabled: true },
        },
        ...(tailLimit === undefined ? [] : [areaOver(tailLimit)]),
      ],
    }),
    pointAt: (series, index) => {
      const each = series === 0 ? placed[index] : undefined;
      return each && pointOf(each, each.throughput, each.tailMs);
    },
  };
}

const areaOver = (limit: number) => ({
  type: 'line',
  silent: true,
  data: [],
  markArea: {
    silent: true,
    itemStyle: { color: muted, opacity: 0.13 },
    data: [[{ yAxis: limit }, { yAxis: Number.POSITIVE_INFINITY }]],
  },
});

/** Measurement after measurement, with the best so far that keeps the limits. */
export function traceChart(result: SearchResult): Chart | undefined {
  const placed = placedOf(trialRows(result));
  if (placed.length === 0) return undefined;
  let best = 0;
  const record = placed.flatMap(({ row, throughput }) => {
    if (row.isKept === true) best = Math.max(best, throughput);
    return best === 0 ? [] : [[row.number, best]];
  });
  return {
    name: 'trace',
    title: 'Trace of the search',
    caption:
      'Each point is a measurement, in their order; hollow ones break a limit. The line is the best so far that keeps all.',
    description: placed.map(({ row }) => `${row.number}: ${searchTrialLine(row.trial)}`).join('; '),
    option: () => ({
      grid: { ...grid, top: 30 },
      xAxis: xAxis({ name: 'measurement', min: 0, max: result.trials.length + 1 }),
      yAxis: yAxis({ name: 'infer/s', min: 0 }),
      series: [
        {
          type: 'scatter',
          symbolSize: 9,
          data: placed.map((each) => ({ value: [each.row.number, each.throughput], itemStyle: pointStyle(each) })),
          emphasis: { disabled: true },
        },
        {
          type: 'line',
          silent: true,
          step: 'end',
          symbol: 'none',
          lineStyle: { color: colours[2], width: 2 },
          data: record,
        },
      ],
    }),
    pointAt: (series, index) => {
      const each = series === 0 ? placed[index] : undefined;
      return each && pointOf(each, each.row.number, each.throughput);
    },
  };
}

/** What each value of each dimension reached at its best. */
export function sensitivityChart({ sensitivity }: SearchResult): Chart | undefined {
  const bars = sensitivity.flatMap(({ dimension, values }, index) =>
    values.flatMap(({ value, measurements, best }) =>
      best === undefined ? [] : [{ name: `${dimension} ${value}`, index, percent: 100 * best, measurements }],
    ),
  );
  if (bars.length === 0) return undefined;
  const labelOf = ({ name, percent, measurements }: (typeof bars)[number]): string =>
    `${name}: ${short(percent)} % of the best in ${measurements} measurements`;
  return {
    name: 'sensitivity',
    title: 'What each setting brings',
    caption:
      'What was reached within limits with each value, whatever the others were, as a share of the best. A value that was measured rarely may be better than it looks.',
    description: bars.map(labelOf).join('; '),
    height: 70 + 20 * bars.length,
    option: (size) => ({
      grid: { ...grid, top: 12 },
      xAxis: xAxis({ name: '% of the best', min: 0 }),
      yAxis: {
        ...yAxis({
          name: '',
          kind: 'category',
          data: bars.map(({ name }) => (isNarrow(size) ? shortName(name) : name)),
        }),
        inverse: true,
        splitLine: { show: false },
      },
      series: [
        {
          type: 'bar',
          barWidth: '65%',
          data: bars.map(({ percent, index }) => ({
            value: percent,
            itemStyle: { color: colours[index % colours.length] },
          })),
          emphasis: { disabled: true },
        },
      ],
    }),
    pointAt: (series, index) => {
      const bar = series === 0 ? bars[index] : undefined;
      return bar && { level: index, x: bar.percent, y: index, label: labelOf(bar) };
    },
  };
}

/** `max_batch_size 8` as `m.b.s 8`. */
export const shortName = (name: string): string => name.replace(/([a-z])[a-z]*_/g, '$1.');
