import { loadName } from '../../src/core/load-name.js';
import type { BatchCount, Level, Run } from '../../src/core/run.js';
import { levelColumn } from '../level-tables.js';
import { colours, grid, short, xAxis, yAxis } from './chart-style.js';
import type { Chart, ChartPoint } from './render-chart.js';

interface Row {
  readonly level: Level;
  readonly index: number;
  readonly meanSize: number;
  readonly batches: readonly BatchCount[];
}

interface Circle extends BatchCount {
  readonly row: Row;
  readonly place: number;
  /** Of the executions of the level. */
  readonly share: number;
}

/** Of a circle that has all executions of its level, in pixels. */
const largest = 30;

/** Which batch sizes the server executed, level by level; absent where all executions had the size of a request. */
export function batchSizes(run: Run): Chart | undefined {
  const rows = run.levels.flatMap((level, index): Row[] => {
    const { server } = level.summary;
    return server === undefined || server.executions === 0
      ? [] // an ensemble executes nothing itself
      : [{ level, index, meanSize: server.meanBatchSize, batches: server.batches ?? [] }];
  });
  if (rows.every(({ meanSize }) => meanSize === run.settings.batchSize)) return undefined;
  const { title, value } = levelColumn(run);
  const circles = rows.flatMap(circlesOf);
  return {
    name: 'batch-sizes',
    title: 'Batches in the server',
    caption: `Inferences in an execution of the model.${circles.length === 0 ? '' : ' The area of a circle is the share of the executions with that size,'} ${circles.length === 0 ? 'A' : 'a'} line is the mean.`,
    description: rows.map((row) => `${meanText(row)}${circlesOf(row, 0).map(shareText).join('')}`).join('; '),
    option: () => ({
      grid: { ...grid, top: 34 },
      xAxis: xAxis({ name: title, kind: 'category', data: rows.map(({ level }) => String(value(level))) }),
      yAxis: yAxis({ name: 'inferences', min: 0 }),
      series: [
        {
          type: 'scatter',
          color: colours[2],
          itemStyle: { opacity: 0.75 },
          symbolSize: ([, , share = 0]: readonly number[]) => Math.max(3, largest * Math.sqrt(share)),
          data: circles.map(({ place, size, share }) => [place, size, share]),
          emphasis: { disabled: true },
        },
        {
          type: 'scatter',
          color: colours[1],
          symbol: 'rect',
          symbolSize: [largest, 3],
          data: rows.map(({ meanSize }, place) => [place, meanSize]),
          emphasis: { disabled: true },
        },
      ],
    }),
    pointAt: (series, index) => (series === 0 ? circlePoint(circles[index]) : meanPoint(rows[index], index)),
  };
}

function circlesOf(row: Row, place: number): Circle[] {
  const total = row.batches.reduce((sum, { executions }) => sum + executions, 0);
  return row.batches.map((batch) => ({ ...batch, row, place, share: batch.executions / total }));
}

const meanText = ({ level, meanSize }: Row): string => `${loadName(level.load)}: ${short(meanSize)} a batch on average`;

const shareText = ({ size, share, executions }: Circle): string =>
  `, ${short(100 * share)} % of ${size} (${executions} executions)`;

const circlePoint = (circle: Circle | undefined): ChartPoint | undefined =>
  circle && {
    level: circle.row.index,
    x: circle.place,
    y: circle.size,
    label: `${loadName(circle.row.level.load)}${shareText(circle)}`,
  };

const meanPoint = (row: Row | undefined, place: number): ChartPoint | undefined =>
  row && { level: row.index, x: place, y: row.meanSize, label: meanText(row) };
