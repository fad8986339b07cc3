import { loadName } from '../../src/core/load-name.js';
import type { Level, Run } from '../../src/core/run.js';
import { kneeOf } from '../knee.js';
import { colours, grid, isNarrow, legend, muted, paper, short, xAxis, yAxis } from './chart-style.js';
import type { Chart, ChartPoint } from './render-chart.js';

const percents = [50, 90, 99] as const;

interface Measure {
  readonly level: Level;
  readonly index: number;
  readonly at: Readonly<Record<(typeof percents)[number], number>>;
}

/** Throughput against latency, level after level: the p50 with bands up to p90 and p99, and the knee. */
export function loadCurve({ levels }: Pick<Run, 'levels'>): Chart {
  const measures = levels.flatMap((level, index) => measureOf(level, index));
  const knee = measures.find(({ level }) => level === kneeOf(levels));
  return {
    name: 'load-curve',
    title: 'Throughput against latency',
    caption: `Each point is a level; bands reach from p50 to p90 and to p99. Hollow points are not stable or not valid.${
      knee === undefined ? '' : ` The knee, ${loadName(knee.level.load)}, has the most throughput for its mean latency.`
    }`,
    description: measures.map((measure) => labelOf(measure, 50)).join('; '),
    isFullWidth: true,
    option: (size) => ({
      grid,
      legend: legend(percents.map((percent) => `p${percent}`)),
      xAxis: xAxis({ name: 'throughput (infer/s)', min: 0 }),
      yAxis: yAxis({ name: 'latency (ms)', kind: scaleOf(measures) }),
      series: [
        ...percents.map((percent, index) => ({
          type: 'line',
          name: `p${percent}`,
          data: measures.map((measure) => ({
            value: [measure.level.summary.throughput, measure.at[percent]],
            itemStyle: isSound(measure.level)
              ? { color: colours[index] }
              : { color: paper, borderColor: colours[index], borderWidth: 2 },
          })),
          color: colours[index],
          symbol: 'circle',
          symbolSize: percent === 50 ? 10 : 7,
          showAllSymbol: true,
          lineStyle: { width: percent === 50 ? 2.5 : 1.2 },
          emphasis: { disabled: true },
          ...(percent === 50 && !isNarrow(size) ? { label: levelLabels(measures) } : {}),
        })),
        ...[90, 99].map((percent) => bandSeries(measures, percent as 90 | 99)),
        ...(knee === undefined ? [] : [kneeSeries(knee)]),
      ],
    }),
    pointAt: (series, index) => {
      const [percent, measure] = [percents[series], measures[index]];
      return percent === undefined || measure === undefined ? undefined : pointOf(measure, percent);
    },
  };
}

function measureOf(level: Level, index: number): Measure[] {
  const { latency } = level.summary;
  if (latency === undefined) return [];
  const of = (percent: number): number => latency.percentilesMs[percent] ?? latency.meanMs;
  return [{ level, index, at: { 50: of(50), 90: of(90), 99: of(99) } }];
}

/** A wide range of latencies needs a logarithmic axis. */
function scaleOf(measures: readonly Measure[]): 'value' | 'log' {
  const values = measures.flatMap(({ at }) => [at[50], at[99]]);
  return Math.min(...values) > 0 && Math.max(...values) > 12 * Math.min(...values) ? 'log' : 'value';
}

const isSound = ({ stability, verdict }: Level): boolean => stability.stable && verdict.kind !== 'invalid';

const pointOf = (measure: Measure, percent: (typeof percents)[number]): ChartPoint => ({
  level: measure.index,
  x: measure.level.summary.throughput,
  y: measure.at[percent],
  label: labelOf(measure, percent),
});

const labelOf = ({ level, at }: Measure, percent: (typeof percents)[number]): string =>
  `${loadName(level.load)}: ${short(level.summary.throughput)} infer/s, p${percent} ${short(at[percent])} ms`;

const levelLabels = (measures: readonly Measure[]) => ({
  show: true,
  position: 'bottom',
  color: muted,
  fontSize: 11,
  formatter: ({ dataIndex }: { dataIndex: number }) => {
    const level = measures[dataIndex]?.level;
    return level === undefined ? '' : (loadName(level.load).split(' ').at(-1) ?? '');
  },
});

interface RenderApi {
  coord(point: readonly [number, number]): readonly [number, number];
}

/** The area between p50 and another percentile; levels may go to and fro along the axis. */
const bandSeries = (measures: readonly Measure[], percent: 90 | 99) => ({
  type: 'custom',
  silent: true,
  z: 1,
  data: measures.length === 0 ? [] : [[0, 0]],
  clip: true,
  encode: { x: [], y: [] },
  renderItem: (_parameters: unknown, api: RenderApi) => {
    const there = measures.map(({ level, at }) => api.coord([level.summary.throughput, at[50]]));
    const back = measures.map(({ level, at }) => api.coord([level.summary.throughput, at[percent]])).reverse();
    return {
      type: 'polygon',
      shape: { points: [...there, ...back] },
      style: { fill: colours[0], opacity: percent === 90 ? 0.16 : 0.09 },
    };
  },
});

const kneeSeries = ({ level, at }: Measure) => ({
  type: 'scatter',
  silent: true,
  z: 4,
  data: [[level.summary.throughput, at[50]]],
  symbol: 'circle',
  symbolSize: 22,
  itemStyle: { color: 'none', borderColor: colours[4], borderWidth: 2 },
  label: { show: true, formatter: 'knee', position: 'top', color: colours[4], fontSize: 12, fontWeight: 'bold' },
});
