import { loadName } from '../../src/core/load-name.js';
import type { Run } from '../../src/core/run.js';
import { colours, grid, legend, short, xAxis, yAxis } from './chart-style.js';
import { type PlacedWindow, placeWindows } from './measured-windows.js';
import type { Chart } from './render-chart.js';
import { levelSeries, pauseName, pausePoint, pauseSeries, placePauses, unsettledArea } from './time-marks.js';

/** Throughput window by window; what was cut off as not settled is shaded, failures and the client's pauses are marked. */
export function timeline(run: Pick<Run, 'levels'>): Chart {
  const windows = placeWindows(run);
  const failed = windows.filter(({ window }) => window.failedRequests > 0);
  const pauses = placePauses(windows);
  return {
    name: 'timeline',
    title: 'Throughput over time',
    caption: `Each point is a window, at its end; the levels, whose numbers are at the top, follow one another, without the time between them. Shaded windows were not yet settled and are in no figure.${
      pauses.length === 0 ? '' : ' Marks at the bottom: the client paused for a millisecond or more to collect garbage.'
    }`,
    description: windows.map(labelOf).join('; '),
    option: () => ({
      grid,
      legend: legend([
        'throughput',
        ...(failed.length === 0 ? [] : ['failed requests']),
        ...(pauses.length === 0 ? [] : [pauseName]),
      ]),
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
        pauseSeries(pauses, 0),
        levelSeries(windows, 0),
        { type: 'line', silent: true, data: [], markArea: unsettledArea(windows) }, // of a series without points: each area would pass for one
      ],
    }),
    pointAt: (series, index) => {
      if (series === 2) return pausePoint(pauses[index], 0);
      const placed = [windows, failed][series]?.[index];
      if (placed === undefined) return undefined;
      return { level: placed.levelIndex, x: placed.endSeconds, y: placed.window.throughput, label: labelOf(placed) };
    },
  };
}

const labelOf = ({ level, window, isSummarised }: PlacedWindow): string =>
  [
    `${loadName(level.load)}, window ${window.index + 1}: ${short(window.throughput)} infer/s`,
    ...(window.latency === undefined ? [] : [`mean ${short(window.latency.meanMs)} ms`]),
    ...(window.failedRequests === 0 ? [] : [`${window.failedRequests} failed`]),
    ...(isSummarised ? [] : ['not in the figures']),
  ].join(', ');
