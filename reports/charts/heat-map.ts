import type { Run } from '../../src/core/run.js';
import { latencyHistogram } from '../latency-histogram.js';
import { colours, grid, short, xAxis, yAxis } from './chart-style.js';
import { logTicks } from './log-ticks.js';
import { type PlacedWindow, placeWindows } from './measured-windows.js';
import type { Chart } from './render-chart.js';
import { levelSeries, pausePoint, pauseSeries, placePauses, unsettledArea } from './time-marks.js';

/** Rows of the map, at equal ratios of latency. */
const rowCount = 24;

/** The least that the upper end of the map is over the lower one: what is recorded has three digits. */
const narrowest = 1.1;

/** More windows than this become columns of several. */
const mostColumns = 80;

/** A patch of the map: which share of the requests in a stretch of time had such a latency. */
export interface HeatCell {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Above 0, up to 1. */
  readonly share: number;
}

/** Latency over time: the stronger the colour of a patch, the more of the requests of its window had that latency. */
export function heatMap(run: Pick<Run, 'levels'>): Chart {
  const windows = placeWindows(run);
  const cells = heatCells(windows);
  const pauses = placePauses(windows);
  const [lowest, highest] = latencyRange(windows);
  return {
    name: 'heat-map',
    title: 'Latency over time',
    caption:
      'The stronger the colour, the more of the requests of a window had that latency. Time, numbers, shades and marks as in the chart of throughput.',
    description:
      cells.length === 0 ? 'No valid answer.' : `Latencies lie between ${short(lowest)} and ${short(highest)} ms.`,
    option: () => ({
      grid: { ...grid, top: 34 },
      xAxis: xAxis({
        name: 'measured time (s)',
        min: 0,
        max: Math.max(...cells.map(({ toSeconds }) => toSeconds)),
        label: short,
      }),
      yAxis: yAxis({
        name: 'latency (ms)',
        kind: 'log',
        min: lowest,
        max: highest,
        label: String,
        ticks: logTicks(lowest, highest),
      }),
      series: [
        {
          type: 'custom',
          silent: true,
          data: cells.map(({ fromSeconds, toSeconds, fromMs, toMs }) => [fromSeconds, fromMs, toSeconds, toMs]),
          encode: { x: [0, 2], y: [1, 3] },
          renderItem: ({ dataIndex }: { readonly dataIndex: number }, api: RenderApi) => {
            const cell = cells[dataIndex];
            return cell && patch(cell, api);
          },
        },
        pauseSeries(pauses, lowest),
        { type: 'line', silent: true, data: [], markArea: unsettledArea(windows) },
        levelSeries(windows, lowest),
      ],
    }),
    pointAt: (series, index) => (series === 1 ? pausePoint(pauses[index], lowest) : undefined),
  };
}

interface RenderApi {
  coord(point: readonly [number, number]): readonly [number, number];
}

function patch(cell: HeatCell, api: RenderApi) {
  const [left, bottom] = api.coord([cell.fromSeconds, cell.fromMs]);
  const [right, top] = api.coord([cell.toSeconds, cell.toMs]);
  const shape = { x: left, y: top, width: right - left, height: bottom - top };
  // Rare latencies are the interesting ones: the root keeps them visible.
  return { type: 'rect', shape, style: { fill: colours[0], opacity: Number(Math.sqrt(cell.share).toFixed(2)) } };
}

/** The range of all rows, in ms: that of all latencies, but wide enough to be read when these are equal. */
function latencyRange(windows: readonly PlacedWindow[]): readonly [lowest: number, highest: number] {
  const latencies = windows.flatMap(({ window }) => window.latency ?? []);
  const lowest = Math.max(Math.min(...latencies.map(({ minMs }) => minMs)), 1e-6);
  const highest = Math.max(...latencies.map(({ maxMs }) => maxMs)) * 1.001;
  const missing = Math.max(1, (narrowest * lowest) / highest) ** 0.5;
  return [lowest / missing, highest * missing];
}

/** The requests of each column, counted by latency. */
export function heatCells(windows: readonly PlacedWindow[]): HeatCell[] {
  const answered = windows.filter(({ window }) => window.latency !== undefined);
  const [lowest, highest] = latencyRange(answered);
  const height = Math.log(highest / lowest) / rowCount;
  const edge = (row: number): number => lowest * Math.exp(row * height);
  return columnsOf(answered).flatMap((column) => {
    const counts = countRows(column, edge);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const [first, last] = [column[0], column.at(-1)];
    if (first === undefined || last === undefined) return [];
    return counts.flatMap((count, row) =>
      count === 0
        ? []
        : [
            {
              fromSeconds: first.startSeconds,
              toSeconds: last.endSeconds,
              fromMs: edge(row),
              toMs: edge(row + 1),
              share: count / total,
            },
          ],
    );
  });
}

function countRows(column: readonly PlacedWindow[], edgeMs: (row: number) => number): number[] {
  const counts = new Array<number>(rowCount).fill(0);
  for (const { window } of column) {
    const histogram = latencyHistogram(window);
    const bucketOf = (row: number): number => histogram.countsArrayIndex(Math.round(edgeMs(row) * 1e6));
    for (let row = 0; row < rowCount; row++) {
      const end = row === rowCount - 1 ? bucketOf(rowCount) + 1 : bucketOf(row + 1);
      for (let bucket = bucketOf(row); bucket < end; bucket++)
        counts[row] = (counts[row] ?? 0) + histogram.getCountAtIndex(bucket);
    }
  }
  return counts;
}

function columnsOf(windows: readonly PlacedWindow[]): PlacedWindow[][] {
  const perColumn = Math.ceil(windows.length / mostColumns);
  const columns: PlacedWindow[][] = [];
  for (let start = 0; start < windows.length; start += perColumn) columns.push(windows.slice(start, start + perColumn));
  return columns;
}
