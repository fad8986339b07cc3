import type { SearchResult } from '../../src/core/search-result.js';
import { dimensionsOf, trialRows } from '../search-rows.js';
import { colours, grid, isNarrow, legend, muted, paper, short, xAxis, yAxis } from './chart-style.js';
import type { Chart } from './render-chart.js';
import { placedOf, shortName } from './search-charts.js';

/** Of a configuration that leaves a setting alone. */
const unchanged = 'as it was';

/** A line a measurement, through its value of every dimension, up to its throughput. */
export function parallelChart(result: SearchResult): Chart | undefined {
  const placed = placedOf(trialRows(result));
  const dimensions = dimensionsOf(result);
  if (placed.length === 0 || dimensions.length === 0) return undefined;
  const most = Math.max(...placed.map(({ throughput }) => throughput));
  const axes = dimensions.map(({ name, values }) => ({
    name,
    values: placed.every(({ row }) => name in row.trial.candidate) ? values : [unchanged, ...values],
  }));
  const heightAt = (values: readonly (string | number)[], value: string | number = unchanged): number =>
    values.indexOf(value) / Math.max(1, values.length - 1);
  const names = [...dimensions.map(({ name }) => name), 'infer/s'];
  const ranges = [...dimensions.map(({ values }) => `${values[0]} to ${values.at(-1)}`), `0 to ${short(most)}`];
  return {
    name: 'parallel',
    title: 'Settings and what they bring',
    caption: `Each line is a measurement, from its settings at the left to its throughput at the right; grey ones break a limit. From bottom to top: ${names
      .map((name, index) => `${name} ${ranges[index]}`)
      .join(', ')}.`,
    description: `${placed.length} measurements of ${dimensions.length} settings.`,
    option: (size) => ({
      grid: { ...grid, top: 16 },
      legend: { ...legend([]), show: false },
      xAxis: xAxis({
        name: '',
        kind: 'category',
        data: names.map((name) => (isNarrow(size) || name.length > 14 ? shortName(`${name} `).trim() : name)),
        interval: 0,
      }),
      yAxis: { ...yAxis({ name: '', min: -0.06, max: 1 }), axisLabel: { show: false }, splitLine: { show: false } },
      series: [
        dimensionSeries([...axes.map(({ values }) => values.map(String)), ['0', short(most)]]),
        ...placed.map(({ row, throughput }) => ({
          type: 'line',
          silent: true,
          symbol: 'none',
          lineStyle: {
            color: row.isKept === false ? muted : colours[0],
            width: 1.5,
            opacity: row.isKept === false ? 0.3 : 0.25 + (0.75 * throughput) / most,
          },
          data: [...axes.map(({ name, values }) => heightAt(values, row.trial.candidate[name])), throughput / most],
        })),
      ],
    }),
    pointAt: () => undefined,
  };
}

interface RenderApi {
  value(dimension: number): number;
  coord(point: readonly [number, number]): readonly [number, number];
}

/** More values of a dimension than this are told by the first and the last. */
const mostLabels = 8;

/** An upright axis for each dimension, with its values at their heights. */
const dimensionSeries = (values: readonly (readonly string[])[]) => ({
  type: 'custom',
  silent: true,
  z: 5, // the values stand on the lines
  encode: { x: 0, y: 1 },
  data: values.map((_, index) => [index, 0]),
  renderItem: (_parameters: unknown, api: RenderApi) => {
    const place = api.value(0);
    const own = values[place] ?? [];
    const [x, bottom] = api.coord([place, 0]);
    const [, top] = api.coord([place, 1]);
    const labels = own.flatMap((text, index) => {
      const isShown = own.length <= mostLabels || index === 0 || index === own.length - 1;
      const y = bottom + ((top - bottom) * index) / Math.max(1, own.length - 1);
      const style = { text, fill: muted, fontSize: 11, verticalAlign: 'middle', stroke: paper, lineWidth: 3 };
      return isShown ? [{ type: 'text', x: x + 5, y, style }] : [];
    });
    const axis = { type: 'line', shape: { x1: x, y1: bottom, x2: x, y2: top }, style: { stroke: muted, lineWidth: 1 } };
    return { type: 'group', children: [axis, ...labels] };
  },
});
