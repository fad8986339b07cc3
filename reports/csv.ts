import { stringify } from 'csv-stringify/sync';
import type { Level, Measured, Run } from '../src/core/run.js';

export interface CsvOptions {
  /** Adds mean latency, send + receive, and response wait: `--verbose-csv`. */
  readonly isVerbose: boolean;
}

/** A cell: absent when it was not measured, which leaves it empty. */
type Cell = string | number | undefined;

interface Column {
  readonly title: string;
  readonly value: (measured: Measured, level: Level) => Cell;
}

/**
 * The CSV of perf_analyzer (`-f`), with its headers, order and units: latencies in whole microseconds, rates with six
 * significant digits, rows by ascending throughput. A level without a valid answer has no row.
 */
export function formatCsv(run: Run, options: CsvOptions): string {
  const levels = run.levels
    .filter(({ summary }) => summary.requests > 0)
    .toSorted((left, right) => left.summary.throughput - right.summary.throughput);
  const columns = csvColumns(levels, run, options);
  const rows = levels.map((level) => columns.map((column) => column.value(level.summary, level) ?? ''));
  return stringify([columns.map(({ title }) => title), ...rows]);
}

function csvColumns(levels: readonly Level[], run: Run, { isVerbose }: CsvOptions): Column[] {
  const hasServer = levels.some(({ summary }) => summary.server !== undefined);
  const hasCache = levels.some(({ summary }) => summary.server?.cache !== undefined);
  const { percentile } = run.settings.measurement;
  return [
    { title: 'Concurrency', value: (_measured, level) => level.load.concurrency },
    { title: 'Inferences/Second', value: ({ throughput }) => sixDigits(throughput) },
    { title: 'Client Send', value: ({ client }) => us(client?.sendMs) },
    ...(hasServer ? serverColumns(hasCache) : []),
    { title: 'Client Recv', value: ({ client }) => us(client?.receiveMs) },
    ...percentileColumns(percentile),
    ...(isVerbose ? verboseColumns(percentile) : []),
  ];
}

const serverColumns = (hasCache: boolean): Column[] => [
  { title: 'Network+Server Send/Recv', value: (measured) => us(networkMs(measured)) },
  { title: 'Server Queue', value: ({ server }) => us(server?.queueMs) },
  { title: 'Server Compute Input', value: ({ server }) => us(server?.computeInputMs) },
  { title: 'Server Compute Infer', value: ({ server }) => us(server?.computeInferMs) },
  { title: 'Server Compute Output', value: ({ server }) => us(server?.computeOutputMs) },
  ...(hasCache
    ? [
        { title: 'Server Cache Hit', value: ({ server }: Measured) => us(server?.cache?.hitMs) },
        { title: 'Server Cache Miss', value: ({ server }: Measured) => us(server?.cache?.missMs) },
      ]
    : []),
];

const percentileColumns = (extra: number | undefined): Column[] =>
  [...new Set([50, 90, 95, 99, ...(extra === undefined ? [] : [extra])])]
    .sort((left, right) => left - right)
    .map((percent) => ({
      title: `p${percent} latency`,
      value: ({ latency }) => us(latency?.percentilesMs[String(percent)]),
    }));

const verboseColumns = (percentile: number | undefined): Column[] => [
  ...(percentile === undefined
    ? [{ title: 'Avg latency', value: ({ latency }: Measured) => us(latency?.meanMs) }]
    : []),
  { title: 'request/response', value: ({ client }) => us(client && client.sendMs + client.receiveMs) },
  {
    title: 'response wait',
    value: ({ latency, client }) => us(latency && client && latency.meanMs - client.sendMs - client.receiveMs),
  },
];

/**
 * What is left of the client's mean latency, over the requests that the server's means are of, after its own and the
 * server's parts; never below 0.
 */
export function networkMs({ latency, client, server }: Measured): number | undefined {
  if (latency === undefined || client === undefined || server === undefined) return undefined;
  const accounted = server.requestMs - server.overheadMs + client.sendMs + client.receiveMs;
  return Math.max(0, (server.clientMs ?? latency.meanMs) - accounted);
}

const us = (milliseconds: number | undefined): Cell =>
  milliseconds === undefined ? undefined : Math.round(milliseconds * 1000);

/** As printf's `%g`: six significant digits without trailing zeros, with an exponent from a million up. */
function sixDigits(value: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential(5).split('e');
  if (Number(exponent) >= -4 && Number(exponent) < 6) return String(Number(value.toPrecision(6)));
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${Number(mantissa)}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
}
