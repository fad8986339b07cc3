import { supportedMs } from '../../src/core/certainty.js';
import { levelValue, loadName } from '../../src/core/load-name.js';
import type { Level, Run } from '../../src/core/run.js';
import { kneeOf } from '../knee.js';
import { colours, grid, isNarrow, legend, muted, paper, short, xAxis, yAxis } from './chart-style.js';
import type { Chart, ChartPoint } from './render-chart.js';

const percents = [50, 90, 99] as const;

interface Measure {
  readonly level: Level;
  readonly index: number;
  /** Without the percentiles for which the level has too few requests. */
  readonly at: Readonly<Partial<Record<(typeof percents)[number], number>>>;
}

/** Throughput against latency, by ascending load: the p50 with bands up to p90 and p99, and the knee. Absent where too few requests carry any of them. */
export function loadCurve({ levels }: Pick<Run, 'levels'>): Chart | undefined {
  const measures = levels
    .flatMap((level, index) => measureOf(level, index))
    .sort((left, right) => levelValue(left.level.load) - levelValue(right.level.load));
  if (measures.every(({ at }) => Object.keys(at).length === 0)) return undefined;
  const knee = measures.find(({ level }) => level === kneeOf(levels));
  return {
    name: 'load-curve',
    title: 'Throughput against latency',
    caption: `Each point is a level; bands reach from p50 to p90 and to p99. Hollow points are not stable or not valid.${
      levels.some(({ certainty }) => certainty !== undefined) ? ' Grey lines are intervals at 95 %.' : ''
    }${
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
            value: [measure.level.summary.throughput, measure.at[percent] ?? '-'],
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
        ...([90, 99] as const).map((percent) => bandSeries(measures, percent)),
        intervalSeries(measures),
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
  if (level.summary.latency === undefined) return [];
  const supported = percents.flatMap((percent) => {
    const value = supportedMs(level, percent);
    return value === undefined ? [] : [[percent, value]];
  });
  return [{ level, index, at: Object.fromEntries(supported) }];
}

/** A wide range of latencies needs a logarithmic axis. */
function scaleOf(measures: readonly Measure[]): 'value' | 'log' {
  const values = measures.flatMap(({ at }) => Object.values(at));
  return Math.min(...values) > 0 && Math.max(...values) > 12 * Math.min(...values) ? 'log' : 'value';
}

const isSound = ({ stability, verdict }: Level): boolean => stability.stable && verdict.kind !== 'invalid';

function pointOf(measure: Measure, percent: (typeof percents)[number]): ChartPoint | undefined {
  const y = measure.at[percent];
  if (y === undefined) return undefined;
  return { level: measure.index, x: measure.level.summary.throughput, y, label: labelOf(measure, percent) };
}

function labelOf({ level, at }: Measure, percent: (typeof percents)[number]): string {
  const value = at[percent];
  const latency = value === undefined ? 'too few requests' : `${short(value)} ms`;
  const certainty = level.certainty?.percentiles[percent];
  const interval = certainty?.isSupported ? certainty.intervalMs : undefined;
  const bounds = interval === undefined ? '' : ` (${short(interval.low)} to ${short(interval.high)})`;
  return `${loadName(level.load)}: ${short(level.summary.throughput)} infer/s, p${percent} ${latency}${bounds}`;
}

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
  value(dimension: number): number;
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
    const edges = measures.flatMap(({ level: { summary }, at: { 50: low, [percent]: high } }) =>
      low === undefined || high === undefined ? [] : [{ x: summary.throughput, low, high }],
    );
    const there = edges.map(({ x, low }) => api.coord([x, low]));
    const back = edges.map(({ x, high }) => api.coord([x, high])).reverse();
    return {
      type: 'polygon',
      shape: { points: [...there, ...back] },
      style: { fill: colours[0], opacity: percent === 90 ? 0.16 : 0.09 },
    };
  },
});

type Segment = readonly [x1: number, y1: number, x2: number, y2: number];

/** Where throughput and latency lie at 95 %, as far as the run says. */
function intervalsOf({ level, at }: Measure): Segment[] {
  const { summary, certainty } = level;
  const x = summary.throughput;
  const upright = percents.flatMap((percent): Segment[] => {
    const found = certainty?.percentiles[percent];
    const interval = found?.isSupported ? found.intervalMs : undefined;
    return interval === undefined ? [] : [[x, interval.low, x, interval.high]];
  });
  const throughput = certainty?.throughput;
  const y = at[50];
  return throughput === undefined || y === undefined ? upright : [...upright, [throughput.low, y, throughput.high, y]];
}

const intervalSeries = (measures: readonly Measure[]) => ({
  type: 'custom',
  silent: true,
  z: 3,
  clip: true,
  encode: { x: [0, 2], y: [1, 3] },
  data: measures.flatMap(intervalsOf),
  renderItem: (_parameters: unknown, api: RenderApi) => {
    const [x1, y1] = api.coord([api.value(0), api.value(1)]);
    const [x2, y2] = api.coord([api.value(2), api.value(3)]);
    return { type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: muted, lineWidth: 1.5 } };
  },
});

const kneeSeries = ({ level, at }: Measure) => ({
  type: 'scatter',
  silent: true,
  z: 4,
  data: at[50] === undefined ? [] : [[level.summary.throughput, at[50]]],
  symbol: 'circle',
  symbolSize: 22,
  itemStyle: { color: 'none', borderColor: colours[4], borderWidth: 2 },
  label: { show: true, formatter: 'knee', position: 'top', color: colours[4], fontSize: 12, fontWeight: 'bold' },
});
