import { unsupported } from '../../src/core/certainty.js';
import { isOpenLoop, levelValue, loadName } from '../../src/core/load-name.js';
import type { Run } from '../../src/core/run.js';
import { colours, grid, legend, short, xAxis, yAxis } from './chart-style.js';
import type { Chart } from './render-chart.js';

const lines = [
  { name: 'response p50', of: 'response', percent: 50, colour: colours[0], type: 'solid' },
  { name: 'service p50', of: 'service', percent: 50, colour: colours[1], type: 'solid' },
  { name: 'response p99', of: 'response', percent: 99, colour: colours[0], type: 'dashed' },
  { name: 'service p99', of: 'service', percent: 99, colour: colours[1], type: 'dashed' },
] as const;

/** Open loop: what a client waited from the intended time, against what the server took; absent for a closed loop. */
export function responseTime({ levels, settings }: Run): Chart | undefined {
  const rows = levels.flatMap((level, index) => {
    const { latency: response, pacing } = level.summary;
    const service = pacing?.serviceTime;
    return response === undefined || service === undefined ? [] : [{ level, index, response, service }];
  });
  rows.sort((left, right) => levelValue(left.level.load) - levelValue(right.level.load));
  if (!isOpenLoop(settings.load) || rows.length === 0) return undefined;
  // Both are of the same requests: what is too few for one is too few for the other.
  const latencyOf = ({ level, ...row }: (typeof rows)[number], { of, percent }: (typeof lines)[number]) =>
    unsupported(level.certainty, percent) === undefined ? row[of].percentilesMs[percent] : undefined;
  const labelOf = (row: (typeof rows)[number], line: (typeof lines)[number]): string => {
    const latencyMs = latencyOf(row, line);
    return `${loadName(row.level.load)}: ${line.name} ${latencyMs === undefined ? 'too few requests' : `${short(latencyMs)} ms`}`;
  };
  return {
    name: 'response-time',
    title: 'Response time against service time',
    caption:
      'Service time counts from sending, response time from when the request was due: the gap between them is waiting that a closed loop would not have seen.',
    description: rows.flatMap((row) => lines.map((line) => labelOf(row, line))).join('; '),
    option: () => ({
      grid: { ...grid, top: 74 },
      legend: legend(),
      xAxis: xAxis({ name: 'requests/s that were asked for', min: 0 }),
      yAxis: yAxis({ name: 'ms', kind: 'log' }),
      series: lines.map((line) => ({
        type: 'line',
        name: line.name,
        color: line.colour,
        lineStyle: { type: line.type, width: 2 },
        symbol: 'circle',
        symbolSize: 7,
        showAllSymbol: true,
        data: rows.map((row) => [levelValue(row.level.load), latencyOf(row, line) ?? '-']),
        emphasis: { disabled: true },
      })),
    }),
    pointAt: (series, index) => {
      const [line, row] = [lines[series], rows[index]];
      const y = line === undefined || row === undefined ? undefined : latencyOf(row, line);
      if (line === undefined || row === undefined || y === undefined) return undefined;
      return { level: row.index, x: levelValue(row.level.load), y, label: labelOf(row, line) };
    },
  };
}
