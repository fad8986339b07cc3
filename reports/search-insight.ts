import type { ParetoPoint, Rejected, SearchResult, Sensitivity } from '../src/core/search-result.js';
import { candidateText } from './candidate-text.js';
import { formatTable, type TextColumn } from './table.js';

/** What the measurements of a search say beside its decision, as text: the Pareto front, what mattered, what was nearly taken. */
export function formatInsight({ pareto, sensitivity, rejected }: SearchResult): string[] {
  return [
    ...section('Pareto front of the short measurements', paretoColumns(pareto), pareto),
    ...section(
      'What the values of each dimension reached at best, as a share of the best',
      sensitivityColumns,
      sensitivity,
    ),
    ...section('Near the best, and not taken', rejectedColumns, rejected),
  ];
}

const section = <Row>(title: string, columns: readonly TextColumn<Row>[], rows: readonly Row[]): string[] =>
  rows.length === 0 ? [] : ['', title, formatTable(columns, rows)];

function paretoColumns(front: readonly ParetoPoint[]): TextColumn<ParetoPoint>[] {
  const hasMemory = front.some(({ metrics }) => metrics['cpu_used_ram'] !== undefined);
  return [
    { title: 'candidate', align: 'left', value: ({ candidate }) => candidateText(candidate) },
    { title: 'infer/s', value: ({ metrics }) => metrics['perf_throughput'], digits: 1, significant: 5 },
    { title: 'p99', value: ({ metrics }) => metrics['perf_latency_p99'], digits: 3, significant: 4 },
    ...(hasMemory
      ? [{ title: 'MB', value: ({ metrics }: ParetoPoint) => metrics['cpu_used_ram'], digits: 0, significant: 5 }]
      : []),
    { title: 'limits', value: ({ keepsLimits }) => (keepsLimits ? 'kept' : 'broken') },
  ];
}

const sensitivityColumns: readonly TextColumn<Sensitivity>[] = [
  { title: 'dimension', align: 'left', value: ({ dimension }) => dimension },
  {
    title: 'value: share of the best (measurements)',
    align: 'left',
    value: ({ values }) => values.map(valueText).join(', '),
  },
];

function valueText({ value, measurements, best }: Sensitivity['values'][number]): string {
  if (measurements === 0) return `${value}: not measured`;
  return `${value}: ${best === undefined ? 'none within limits' : `${(100 * best).toFixed(0)} %`} (${measurements})`;
}

const rejectedColumns: readonly TextColumn<Rejected>[] = [
  { title: 'candidate', align: 'left', value: ({ candidate }) => candidateText(candidate) },
  { title: 'differs in', value: ({ differences }) => differences, digits: 0 },
  { title: 'reason', align: 'left', value: ({ reason }) => reason },
];
