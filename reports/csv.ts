import { type Certainty, type Interval, unsupported } from '../src/core/certainty.js';
import { isOpenLoop, levelTitle, levelValue } from '../src/core/load-name.js';
import type { LatencySummary, Level, Measured, Run } from '../src/core/run.js';
import { sixDigits, us } from './cells.js';
import { csvText } from './csv-text.js';
import { type GpuMetrics, gpuMetrics } from './gpu-metrics.js';

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
 * significant digits, rows by ascending throughput. A level without a valid answer has no row. Of several models or servers,
 * the row of a level is followed by one for each, which is named in a column behind all others.
 */
export function formatCsv(run: Run, options: CsvOptions): string {
  const levels = run.levels
    .filter(({ summary }) => summary.requests > 0)
    .toSorted((left, right) => left.summary.throughput - right.summary.throughput);
  const columns = csvColumns(levels, run, options);
  const rows = levels.flatMap((level) => {
    const cells = ({ summary, level: shown }: CsvRow): Cell[] =>
      columns.map((column) => column.value(summary, shown) ?? '');
    return rowsOf(level).map((row) => [...cells(row), ...partNames(run, row)]);
  });
  return csvText([[...columns.map(({ title }) => title), ...partTitles(run)], ...rows]);
}

interface CsvRow {
  readonly summary: Measured;
  readonly level: Level;
  /** Empty for all together. */
  readonly model?: string;
  readonly server?: string;
}

/** Metrics are those of the whole machine, and intervals those of all together: both stand in the row of the level. */
function rowsOf(level: Level): CsvRow[] {
  const { metrics: _metrics, certainty: _certainty, ...bare } = level;
  const isMeasured = ({ summary }: CsvRow): boolean => summary.requests > 0;
  return [
    { summary: level.summary, level },
    ...(level.models ?? []).map(({ name, summary }) => ({ summary, level: bare, model: name })).filter(isMeasured),
    ...(level.servers ?? []).map(({ name, summary }) => ({ summary, level: bare, server: name })).filter(isMeasured),
  ];
}

const partTitles = ({ models, servers }: Run): string[] => [
  ...(models === undefined ? [] : ['Model']),
  ...(servers === undefined ? [] : ['Server']),
];

const partNames = ({ models, servers }: Run, { model = '', server = '' }: CsvRow): string[] => [
  ...(models === undefined ? [] : [model]),
  ...(servers === undefined ? [] : [server]),
];

function csvColumns(levels: readonly Level[], run: Run, { isVerbose }: CsvOptions): Column[] {
  const hasServer = levels.some(({ summary }) => summary.server !== undefined);
  const hasCache = levels.some(({ summary }) => summary.server?.cache !== undefined);
  const { percentile } = run.settings.measurement;
  return [
    { title: levelTitle(run.settings.load), value: (_measured, level) => sixDigits(levelValue(level.load)) },
    { title: 'Inferences/Second', value: ({ throughput }) => sixDigits(throughput) },
    ...(levels.some(({ summary }) => isDecoupled(summary)) ? [responseColumn] : []),
    { title: 'Client Send', value: ({ client }) => us(client?.sendMs) },
    ...(hasServer ? serverColumns(hasCache) : []),
    { title: 'Client Recv', value: ({ client }) => us(client?.receiveMs) },
    ...latencyColumns(percentile),
    ...(isVerbose ? verboseColumns(percentile) : []),
    ...(isVerbose && run.settings.metrics !== undefined ? gpuColumns : []),
    ...(isOpenLoop(run.settings.load) ? pacingColumns(percentile) : []),
    ...(isVerbose ? certaintyColumns(levels, percentile) : []),
    ...(run.settings.measurement.scenario === undefined ? [] : scenarioColumns),
  ];
}

const responseColumn: Column = {
  title: 'Response Throughput',
  value: ({ stream }) => stream && sixDigits(stream.responsesPerSecond),
};

/** Some request to a stream did not have exactly one response. */
export const isDecoupled = ({ stream, requests }: Measured): boolean =>
  stream !== undefined && stream.responses !== requests;

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

/** Empty where the level has too few requests for the percentile. */
const latencyColumns = (extra: number | undefined): Column[] =>
  percentilesWith(extra).map((percent) => ({
    title: `p${percent} latency`,
    value: ({ latency }, { certainty }) =>
      unsupported(certainty, percent) === undefined ? us(latency?.percentilesMs[String(percent)]) : undefined,
  }));

const percentilesWith = (extra: number | undefined): number[] =>
  [...new Set([50, 90, 95, 99, ...(extra === undefined ? [] : [extra])])].sort((left, right) => left - right);

const percentileColumns = (
  extra: number | undefined,
  what: string,
  pick: (measured: Measured) => LatencySummary | undefined,
): Column[] =>
  percentilesWith(extra).map((percent) => ({
    title: `p${percent} ${what}`,
    value: (measured) => us(pick(measured)?.percentilesMs[String(percent)]),
  }));

/** Ours, after all of perf_analyzer's: its latency columns hold the response time, the parts of which are here. */
const pacingColumns = (percentile: number | undefined): Column[] => [
  { title: 'Achieved Request Rate', value: ({ pacing }) => pacing && sixDigits(pacing.achievedRate) },
  { title: 'Dropped Requests', value: ({ pacing }) => pacing?.dropped },
  ...percentileColumns(percentile, 'service time', ({ pacing }) => pacing?.serviceTime),
  ...percentileColumns(percentile, 'send lag', ({ pacing }) => pacing?.sendLag),
];

const verboseColumns = (percentile: number | undefined): Column[] => [
  ...(percentile === undefined
    ? [{ title: 'Avg latency', value: ({ latency }: Measured) => us(latency?.meanMs) }]
    : []),
  { title: 'request/response', value: ({ client }) => us(client && client.sendMs + client.receiveMs) },
  {
    title: 'response wait',
    value: (measured) => {
      const service = serviceTime(measured);
      const { client } = measured;
      return us(service && client && service.meanMs - client.sendMs - client.receiveMs);
    },
  },
];

/** Ours: the result of a scenario of MLPerf, in microseconds or samples a second. */
const scenarioColumns: readonly Column[] = [
  { title: 'MLPerf Latency', value: (_measured, { scenario }) => us(scenario?.latencyMs) },
  {
    title: 'MLPerf Samples/Second',
    value: (_measured, { scenario }) => scenario?.samplesPerSecond && sixDigits(scenario.samplesPerSecond),
  },
  { title: 'MLPerf Queries', value: (_measured, { scenario }) => scenario?.queries },
  {
    title: 'MLPerf Validity',
    value: (_measured, { scenario }) => scenario && (scenario.isValid ? 'VALID' : 'INVALID'),
  },
];

/** Ours, behind those: the bounds of the intervals at 95 %. */
function certaintyColumns(levels: readonly Level[], extra: number | undefined): Column[] {
  if (!levels.some(({ certainty }) => certainty !== undefined)) return [];
  const bounds = (
    title: string,
    pick: (certainty: Certainty) => Interval | undefined,
    cell: (value: number) => Cell,
  ): Column[] =>
    (['low', 'high'] as const).map((bound) => ({
      title: `${title} ${bound}`,
      value: (_measured, { certainty }) => {
        const interval = certainty && pick(certainty);
        return interval && cell(interval[bound]);
      },
    }));
  const ofPercentile = (percent: number) => (certainty: Certainty) => {
    const found = certainty.percentiles[String(percent)];
    return found?.isSupported ? found.intervalMs : undefined;
  };
  return [
    ...bounds('Inferences/Second', ({ throughput }) => throughput, sixDigits),
    ...bounds('Avg latency', ({ meanMs }) => meanMs, us),
    ...percentilesWith(extra).flatMap((percent) => bounds(`p${percent} latency`, ofPercentile(percent), us)),
    { title: 'Steady', value: (_measured, { certainty }) => certainty?.steadiness.verdict },
  ];
}

/** One cell for all GPUs, each with its value; empty where the endpoint names none. */
const gpuColumn = (title: string, value: (gpu: GpuMetrics) => Cell): Column => ({
  title,
  value: (_measured, level) =>
    gpuMetrics(level)
      .flatMap((gpu) => (value(gpu) === undefined ? [] : [`${gpu.uuid}:${value(gpu)};`]))
      .join(''),
});

const gpuColumns: readonly Column[] = [
  gpuColumn('Avg GPU Utilization', ({ utilization }) => utilization && sixDigits(utilization)),
  gpuColumn('Avg GPU Power Usage', ({ powerWatts }) => powerWatts && sixDigits(powerWatts)),
  gpuColumn('Max GPU Memory Usage', ({ memoryUsedBytes }) => memoryUsedBytes),
  gpuColumn('Total GPU Memory', ({ memoryTotalBytes }) => memoryTotalBytes),
];

/**
 * What is left of the client's mean latency, over the requests that the server's means are of, after its own and the
 * server's parts; never below 0.
 */
export function networkMs(measured: Measured): number | undefined {
  const { client, server } = measured;
  const service = serviceTime(measured);
  if (service === undefined || client === undefined || server === undefined) return undefined;
  const accounted = server.requestMs - server.overheadMs + client.sendMs + client.receiveMs;
  return Math.max(0, (server.clientMs ?? service.meanMs) - accounted);
}

/** From sending a request to the end of its answer, whatever the headline is. */
export const serviceTime = ({ pacing, latency }: Measured): LatencySummary | undefined =>
  pacing === undefined ? latency : pacing.serviceTime;
