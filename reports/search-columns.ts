import type { Column } from './column.js';

/** A column of texts. */
export const textForm = (
  key: string,
  title: string,
): Pick<Column<never>, 'key' | 'title' | 'name' | 'unit' | 'align'> => ({
  key,
  title,
  name: title,
  unit: '',
  align: 'left',
});

/** What the columns of a search show of throughput and p99. */
export const throughputForm = {
  key: 'throughput',
  title: 'throughput',
  name: 'throughput',
  unit: 'infer/s',
  digits: 1,
  significant: 5,
} as const;
export const tailForm = {
  key: 'p99',
  title: 'p99',
  name: 'p99 latency',
  unit: 'ms',
  digits: 3,
  significant: 4,
} as const;
