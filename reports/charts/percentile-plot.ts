import { levelValue, loadName } from '../../src/core/load-name.js';
import type { Level, Run } from '../../src/core/run.js';
import { latencyHistogram } from '../latency-histogram.js';
import { colours, grid, legend, legendBottom, muted, xAxis, yAxis } from './chart-style.js';
import type { Chart } from './render-chart.js';

/** Lines that can still be told apart. */
const mostLevels = 8;

/** Points for each factor of ten in 1/(1-p). */
const pointsPerDecade = 12;

/** Latency by percentile (absent where no level has two requests), on an axis that gives each further nine the same room, as HdrHistogram plots it. */
export function percentilePlot({ levels }: Pick<Run, 'levels'>): Chart | undefined {
  const measured = levels.filter(({ summary }) => summary.requests > 1);
  if (measured.length === 0) return undefined;
  const shown = spread(measured, mostLevels);
  const curves = shown.map((level) => ({ level, points: percentileCurve(level) }));
  const last = Math.max(1, ...curves.map(({ points }) => points.at(-1)?.[0] ?? 1));
  return {
    name: 'percentile-plot',
    title: 'Latency by percentile',
    caption: `Up to the largest latency of each level, whose number stands at its end; the further right, the rarer.${
      shown.length < measured.length ? ` ${shown.length} of ${measured.length} levels.` : ''
    }`,
    description: curves
      .map(({ level, points }) => `${loadName(level.load)}: up to ${points.at(-1)?.[1] ?? 0} ms`)
      .join('; '),
    option: (size) => ({
      grid: {
        ...grid,
        top: legendBottom(
          shown.map(({ load }) => loadName(load)),
          size,
        ),
      },
      legend: legend(),
      xAxis: xAxis({ name: 'percentile', min: 0, max: Math.ceil(last * 2) / 2, interval: 1, label: percentileName }),
      yAxis: yAxis({ name: 'latency (ms)', kind: 'log' }),
      series: curves.map(({ level, points }, index) => ({
        type: 'line',
        name: loadName(level.load),
        color: colours[index % colours.length],
        data: points,
        showSymbol: false,
        // Dashes as well as colours, for those who see few of these.
        lineStyle: { width: 1.8, type: index < 4 ? 'solid' : 'dashed' },
        endLabel: { show: shown.length > 1, formatter: endText(level), color: muted, fontSize: 11, distance: 4 },
        labelLayout: { moveOverlap: 'shiftY' },
        emphasis: { disabled: true },
      })),
    }),
    pointAt: () => undefined,
  };
}

/** At the end of its line, where a reader looks for what it is. */
const endText = ({ load }: Level): string => String(Number(levelValue(load).toPrecision(4)));

/** Pairs of log10(1/(1-p)) and the latency in ms, up to the last request. */
export function percentileCurve({ summary }: Level): [nines: number, latencyMs: number][] {
  const histogram = latencyHistogram(summary);
  const last = Math.log10(Math.max(1, histogram.totalCount));
  const steps = Math.ceil(last * pointsPerDecade);
  return Array.from({ length: steps + 1 }, (_, index) => {
    const nines = Math.min(last, index / pointsPerDecade);
    const percentile = index === steps ? 100 : 100 * (1 - 10 ** -nines);
    return [nines, Math.max(histogram.getValueAtPercentile(percentile), 1) / 1e6];
  });
}

const percentileName = (nines: number): string =>
  nines === 0 ? '0' : `${Number((100 * (1 - 10 ** -nines)).toFixed(Math.max(0, Math.ceil(nines) - 2)))} %`;

/** At most so many, the first and the last among them. */
const spread = <Item>(items: readonly Item[], most: number): Item[] =>
  items.length <= most
    ? [...items]
    : Array.from({ length: most }, (_, index) => items[Math.round((index * (items.length - 1)) / (most - 1))]).filter(
        (item) => item !== undefined,
      );
