import { loadName } from '../../src/core/load-name.js';
import type { Level, Run, ServerSplit } from '../../src/core/run.js';
import { networkMs } from '../csv.js';
import { levelColumn } from '../level-tables.js';
import { colours, grid, isNarrow, legend, short, xAxis, yAxis } from './chart-style.js';
import type { Chart } from './render-chart.js';

interface Part {
  readonly name: string;
  readonly ms: (level: Level, server: ServerSplit) => number;
}

/** From the network inwards and out again. */
const parts: readonly Part[] = [
  { name: 'queue', ms: (_, { queueMs }) => queueMs },
  { name: 'compute input', ms: (_, { computeInputMs }) => computeInputMs },
  { name: 'compute infer', ms: (_, { computeInferMs }) => computeInferMs },
  { name: 'compute output', ms: (_, { computeOutputMs }) => computeOutputMs },
  { name: 'other in the server', ms: (_, { overheadMs }) => overheadMs },
  { name: 'network and I/O', ms: ({ summary }) => networkMs(summary) ?? 0 },
];

/** Where the time of a request goes, level by level: means, on top of one another. */
export function serverStack(run: Run): Chart | undefined {
  const rows = run.levels.flatMap((level, index) =>
    level.summary.server === undefined ? [] : [{ level, index, server: level.summary.server }],
  );
  if (rows.length === 0) return undefined;
  const { title, value } = levelColumn(run);
  const labelOf = ({ level, server }: (typeof rows)[number]): string =>
    `${loadName(level.load)}: ${parts.map(({ name, ms }) => `${name} ${short(ms(level, server))} ms`).join(', ')}`;
  return {
    name: 'server-stack',
    title: 'Where the time goes',
    caption:
      "Means per request, from the server's statistics; what is left of the client's latency is network and I/O.",
    description: rows.map(labelOf).join('; '),
    option: (size) => ({
      grid: { ...grid, top: isNarrow(size) ? 108 : 74 },
      legend: legend(parts.map(({ name }) => name)),
      xAxis: xAxis({ name: title, kind: 'category', data: rows.map(({ level }) => String(value(level))) }),
      yAxis: yAxis({ name: 'ms' }),
      series: parts.map(({ name, ms }, index) => ({
        type: 'bar',
        stack: 'time',
        name,
        color: colours[index],
        barMaxWidth: 48,
        data: rows.map(({ level, server }) => ms(level, server)),
        emphasis: { disabled: true },
      })),
    }),
    pointAt: (series, index) => {
      const [part, row] = [parts[series], rows[index]];
      if (part === undefined || row === undefined) return undefined;
      const y = part.ms(row.level, row.server);
      return { level: row.index, x: index, y, label: `${loadName(row.level.load)}: ${part.name} ${short(y)} ms` };
    },
  };
}
