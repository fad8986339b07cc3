import type { HistoryGroup, Trend, TrendPoint } from '../../src/core/history.js';
import { runName } from '../history.js';
import { colours, grid, muted, paper, short, xAxis, yAxis } from './chart-style.js';
import type { Chart, ChartPoint } from './render-chart.js';

/** As many runs as a chart has room for. */
const mostRuns = 200;

/** One figure run after run, with its levels and the runs at which they shifted. */
export function trendChart({ runs }: HistoryGroup, trend: Trend, name: string): Chart {
  const { level, metric, unit, stretches, shifts } = trend;
  const from = Math.max(0, runs.length - mostRuns);
  const points = trend.points.filter(({ run }) => run >= from);
  const shown = shifts.filter(({ run }) => run >= from);
  const valueAt = (run: number): number | undefined => points.find((point) => point.run === run)?.value;
  const labelOf = ({ run, value, isOutlier }: TrendPoint): string => {
    const shift = shifts.find((each) => each.run === run);
    const change =
      shift === undefined ? '' : `, first run of a new level: ${short(shift.before)} to ${short(shift.after)} ${unit}`;
    return `${runName(runs[run])}: ${short(value)} ${unit}${isOutlier ? ', an outlier' : ''}${change}`;
  };
  const pointOf = (point: TrendPoint | undefined): ChartPoint | undefined =>
    point && { level: point.run, x: point.run, y: point.value, label: labelOf(point) };
  return {
    name,
    title: `${level}, ${metric} (${unit})`,
    caption: `Each point is a run, lines are levels${shown.length === 0 ? '' : ', a diamond is the first run of a new one, hollow where it got better'}; hollow points stick out alone and count nowhere.`,
    description: [
      `${points.length} runs.`,
      ...shown.map(({ run }) => labelOf({ run, value: valueAt(run) ?? 0, isOutlier: false })),
    ].join(' '),
    option: () => ({
      grid: { ...grid, top: 22, bottom: 16 },
      xAxis: xAxis({
        name: '',
        min: from - 0.5,
        max: runs.length - 0.5,
        label: (run) => (Number.isInteger(run) ? (runs[run]?.startedAt.slice(0, 10) ?? '') : ''),
      }),
      yAxis: { ...yAxis({ name: '', label: short }), scale: true },
      series: [
        {
          type: 'scatter',
          symbolSize: 7,
          data: points.map(({ run, value, isOutlier }) => ({
            value: [run, value],
            itemStyle: isOutlier ? { color: paper, borderColor: muted, borderWidth: 2 } : { color: colours[0] },
          })),
          emphasis: { disabled: true },
        },
        {
          type: 'line',
          silent: true,
          symbol: 'none',
          lineStyle: { color: colours[1], width: 2 },
          data: stretches
            .filter(({ to }) => to >= from)
            .flatMap(({ from: first, to, mean }) => [
              [Math.max(first, from) - 0.4, mean],
              [to + 0.4, mean],
              [to + 0.4, '-'],
            ]),
        },
        {
          type: 'scatter',
          silent: true,
          symbol: 'diamond',
          symbolSize: 15,
          z: 1,
          data: shown.map(({ run, kind }) => ({
            value: [run, valueAt(run) ?? '-'],
            itemStyle:
              kind === 'worse'
                ? { color: colours[4] }
                : { color: paper, borderColor: colours[2], borderWidth: 2.5, opacity: 1 },
          })),
          emphasis: { disabled: true },
        },
      ],
    }),
    pointAt: (series, index) => (series === 0 ? pointOf(points[index]) : undefined),
  };
}
