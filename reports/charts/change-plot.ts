import type { Change } from '../../src/core/comparison.js';
import { changeText } from '../comparison.js';
import { colours, grid, isNarrow, muted, paper, short, xAxis, yAxis } from './chart-style.js';
import type { Chart } from './render-chart.js';

interface RenderApi {
  value(dimension: number): number;
  coord(point: readonly [number, number]): readonly [number, number];
}

interface Look {
  readonly symbol: string;
  readonly symbolSize: number;
  readonly colour: string | undefined;
  readonly fill: string | undefined;
}

const look = (symbol: string, symbolSize: number, colour: string | undefined, fill = colour): Look => ({
  symbol,
  symbolSize,
  colour,
  fill,
});

/** Each kind has a shape too, for those who do not tell red from green. */
const looks: Readonly<Record<Change['kind'], Look>> = {
  better: look('triangle', 12, colours[2]),
  worse: look('diamond', 15, colours[4]),
  same: look('circle', 10, colours[0]),
  undecided: look('circle', 9, colours[5], paper),
  missing: look('circle', 9, colours[5], paper),
};

/** Room for two lines of text. */
const rowHeight = 28;

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
      'A point is the change, its line the interval, as far as there is room. A red diamond got worse, a green triangle got better, a blue disc is the same, a grey ring is undecided.',
    description: rows.map(({ change }) => changeText(change)).join(' '),
    isFullWidth: true,
    height: 90 + rowHeight * rows.length,
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
          data: isNarrow(size) ? names.map((name) => name.replace(', ', '\n')) : names,
        }),
        axisLabel: { color: muted, ...(isNarrow(size) ? { fontSize: 11, lineHeight: 13 } : { fontSize: 12 }) },
        inverse: true,
        axisLine: { lineStyle: { color: muted, width: 1.5 } }, // it stands at no change
        splitLine: { show: false },
      },
      series: [
        {
          type: 'scatter',
          data: rows.map(({ change, percent }, index) => {
            const { symbol, symbolSize, colour, fill } = looks[change.kind];
            return {
              value: [percent, index],
              symbol,
              symbolSize,
              itemStyle: { color: fill, opacity: 1, borderColor: colour, borderWidth: fill === colour ? 0 : 2 },
            };
          }),
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
            const { colour } = looks[rows[api.value(2)]?.change.kind ?? 'undecided'];
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
