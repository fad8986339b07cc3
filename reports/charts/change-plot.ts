import type { Change } from '../../src/core/comparison.js';
import { changeText } from '../comparison.js';
import { colours, grid, isNarrow, muted, short, xAxis, yAxis } from './chart-style.js';
import type { Chart } from './render-chart.js';

interface RenderApi {
  value(dimension: number): number;
  coord(point: readonly [number, number]): readonly [number, number];
}

const colourOf: Readonly<Record<Change['kind'], string | undefined>> = {
  better: colours[2],
  worse: colours[4],
  same: colours[0],
  undecided: colours[5],
  missing: colours[5],
};

/** The change of each figure with its interval, one below the other; absent when there is none. */
export function changePlot(changes: readonly Change[]): Chart | undefined {
  const rows = changes.flatMap((change) =>
    change.ratio === undefined ? [] : [{ change, percent: 100 * (change.ratio - 1) }],
  );
  if (rows.length === 0) return undefined;
  const widest = 3 * Math.max(5, ...rows.map(({ percent }) => Math.abs(percent)));
  const isCut = rows.some(({ change: { interval } }) => interval !== undefined && 100 * (interval.high - 1) > widest);
  const cut = (percent: number): number => Math.max(-widest, Math.min(widest, percent));
  const names = rows.map(({ change }) => `${change.level}, ${change.metric.replace('perf_', '')}`);
  return {
    name: 'changes',
    title: 'Change from base to new',
    caption:
      'A point is the change, its line the interval, as far as there is room; red got worse, green got better, blue is the same, grey is undecided.',
    description: rows.map(({ change }) => changeText(change)).join(' '),
    isFullWidth: true,
    height: 90 + 22 * rows.length,
    option: (size) => ({
      grid: { ...grid, top: 16 },
      xAxis: {
        ...xAxis({ name: 'change (%)', label: short, ...(isCut ? { max: widest } : {}) }),
        splitLine: { show: true, lineStyle: { color: 'var(--line)' } },
      },
      yAxis: {
        ...yAxis({
          name: '',
          kind: 'category',
          data: isNarrow(size) ? rows.map((_, index) => String(index + 1)) : names,
        }),
        inverse: true,
        axisLine: { lineStyle: { color: muted, width: 1.5 } }, // it stands at no change
        splitLine: { show: false },
      },
      series: [
        {
          type: 'scatter',
          symbolSize: 10,
          data: rows.map(({ change, percent }, index) => ({
            value: [percent, index],
            itemStyle: { color: colourOf[change.kind] },
          })),
          emphasis: { disabled: true },
        },
        {
          type: 'custom',
          silent: true,
          z: 1,
          encode: { x: [0, 1], y: 2 },
          data: rows.flatMap(({ change: { interval } }, index) =>
            interval === undefined ? [] : [[cut(100 * (interval.low - 1)), cut(100 * (interval.high - 1)), index]],
          ),
          renderItem: (_parameters: unknown, api: RenderApi) => {
            const [x1, y1] = api.coord([api.value(0), api.value(2)]);
            const [x2, y2] = api.coord([api.value(1), api.value(2)]);
            const colour = colourOf[rows[api.value(2)]?.change.kind ?? 'undecided'];
            return { type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: colour, lineWidth: 2.5 } };
          },
        },
      ],
    }),
    pointAt: (series, index) => {
      const row = series === 0 ? rows[index] : undefined;
      return row && { level: index, x: row.percent, y: index, label: changeText(row.change) };
    },
  };
}
