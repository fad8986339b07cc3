import { loadName } from '../../src/core/load-name.js';
import type { Run } from '../../src/core/run.js';
import { colours, grid, legend, muted, short, xAxis, yAxis } from './chart-style.js';
import { type PlacedWindow, placeWindows } from './measured-windows.js';
import type { Chart } from './render-chart.js';

/** Throughput window by window; what was cut off as not settled is shaded, and failures are marked. */
export function timeline(run: Pick<Run, 'levels'>): Chart {
  const windows = placeWindows(run);
  const failed = windows.filter(({ window }) => window.failedRequests > 0);
  const collections = run.levels.filter(({ clientHealth }) => clientHealth.gc.longestMs >= 1);
  return {
    name: 'timeline',
    title: 'Throughput over time',
    caption: [
      'Each point is a window, at its end; the levels follow one another, without the time between them. Shaded windows were not yet settled and are in no figure.',
      ...(collections.length === 0
        ? []
        : [
            `The client paused for garbage collection: ${collections
              .map(({ load, clientHealth: { gc } }) => `${loadName(load)} ${short(gc.longestMs)} ms at most`)
              .join(', ')}.`,
          ]),
    ].join(' '),
    description: windows.map(labelOf).join('; '),
    option: () => ({
      grid,
      legend: legend(['throughput', ...(failed.length === 0 ? [] : ['failed requests'])]),
      xAxis: xAxis({ name: 'measured time (s)', min: 0, max: windows.at(-1)?.endSeconds ?? 1, label: short }),
      yAxis: yAxis({ name: 'infer/s', min: 0 }),
      series: [
        {
          type: 'line',
          name: 'throughput',
          color: colours[0],
          data: windows.map(({ endSeconds, window }) => [endSeconds, window.throughput]),
          symbol: 'circle',
          symbolSize: 6,
          showAllSymbol: true,
          emphasis: { disabled: true },
          markArea: {
            silent: true,
            itemStyle: { color: muted, opacity: 0.13 },
            data: unsettled(windows).map(([from, to]) => [{ xAxis: from }, { xAxis: to }]),
          },
        },
        {
          type: 'scatter',
          name: 'failed requests',
          color: colours[4],
          symbol: 'triangle',
          symbolSize: 11,
          data: failed.map(({ endSeconds, window }) => [endSeconds, window.throughput]),
          emphasis: { disabled: true },
        },
      ],
    }),
    pointAt: (series, index) => {
      const placed = (series === 0 ? windows : failed)[index];
      if (placed === undefined) return undefined;
      return { level: placed.levelIndex, x: placed.endSeconds, y: placed.window.throughput, label: labelOf(placed) };
    },
  };
}

/** Stretches of windows that are not summarised. */
function unsettled(windows: readonly PlacedWindow[]): [number, number][] {
  const stretches: [number, number][] = [];
  for (const { isSummarised, startSeconds, endSeconds } of windows) {
    if (isSummarised) continue;
    const last = stretches.at(-1);
    if (last !== undefined && Math.abs(last[1] - startSeconds) < 1e-6) last[1] = endSeconds;
    else stretches.push([startSeconds, endSeconds]);
  }
  return stretches;
}

const labelOf = ({ level, window, isSummarised }: PlacedWindow): string =>
  [
    `${loadName(level.load)}, window ${window.index + 1}: ${short(window.throughput)} infer/s`,
    ...(window.latency === undefined ? [] : [`mean ${short(window.latency.meanMs)} ms`]),
    ...(window.failedRequests === 0 ? [] : [`${window.failedRequests} failed`]),
    ...(isSummarised ? [] : ['not in the figures']),
  ].join(', ');
