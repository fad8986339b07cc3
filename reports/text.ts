import { isOpenLoop, isSwept, levelTitle, levelValue, loadName } from '../src/core/load-name.js';
import type {
  ClosedLoad,
  LatencySummary,
  Level,
  LoadSettings,
  Measured,
  MeasurementSettings,
  Run,
} from '../src/core/run.js';
import { formatComposing } from './composing.js';
import { isDecoupled, networkMs, serviceTime } from './csv.js';
import { describeLevel, levelMarks } from './marks.js';
import { formatMetrics } from './metrics-table.js';
import { formatParts } from './part-tables.js';
import { describeSequences, formatSequences } from './sequence-table.js';
import { formatTable, type TextColumn } from './table.js';

/** The report for a person: settings, one table of latencies, one of the server's split, remarks, and the summary lines that scripts know from perf_analyzer. */
export function formatText(run: Run): string {
  const measured = run.levels.filter(({ summary }) => summary.requests > 0);
  const hasServer = measured.some(({ summary }) => summary.server !== undefined);
  const metrics = formatMetrics(measured, levelColumn(run));
  const composing = formatComposing(measured, levelColumn(run));
  const sections = [
    heading(run),
    run.levels.length === 0 ? 'Nothing was measured.' : `Latency (ms)\n${formatTable(latencyColumns(run), run.levels)}`,
    ...(isOpenLoop(run.settings.load) ? [pacingTable(run)] : []),
    ...(run.settings.sequences === undefined ? [] : [formatSequences(run.levels, levelColumn(run))]),
    ...(measured.some(({ summary }) => isDecoupled(summary)) ? [streamTable(run, measured)] : []),
    ...(hasServer
      ? [
          `Server, mean per request (ms); other: its overhead, rest: network and I/O\n${formatTable(serverColumns(run), measured)}`,
        ]
      : []),
    ...(composing === undefined ? [] : [composing]),
    ...formatParts(run, {
      level: levelColumn(run),
      latency: latencyColumns(run).slice(1),
      server: serverColumns(run).slice(1),
    }),
    ...(metrics === undefined ? [] : [metrics]),
    ...(run.levels.some(({ verdict }) => verdict.kind !== 'valid') ? [clientTable(run)] : []),
    ...remarks(run),
    ...(measured.length === 0 ? [] : [summaryLines(measured, run.settings.measurement)]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function heading(run: Run): string {
  const { settings, machine } = run;
  const protocol = settings.protocol === 'http' ? 'HTTP' : settings.wire.streaming ? 'gRPC in streams' : 'gRPC';
  const threads = settings.maxThreads === 1 ? '' : `, up to ${settings.maxThreads} sending threads`;
  const limit = settings.latencyLimitMs === undefined ? '' : `, latency limit ${settings.latencyLimitMs} ms`;
  return [
    `${describeModels(run)}, batch ${settings.batchSize}, over ${protocol}`,
    ...(run.servers ?? [run.server]).map(
      (server) => `server: ${server.kind}, ${server.name} ${server.version} at ${server.url}`,
    ),
    `client: ${run.tool.name} ${run.tool.version}, Node ${machine.nodeVersion}, ${machine.logicalCpus} x ${machine.cpuModel}${threads}`,
    `load: ${describeLoad(settings.load)}`,
    ...(settings.sequences === undefined ? [] : [`sequences: ${describeSequences(settings.sequences, settings.load)}`]),
    `measured: ${describeMeasurement(settings.measurement)}${limit}`,
  ].join('\n');
}

/** Of several, with the share that each has of the requests. */
function describeModels({ settings, model, models = [model] }: Run): string {
  const shares = settings.models ?? [];
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  return models
    .map(({ name, version, platform }, index) => {
      const share = shares[index];
      const percent = share === undefined ? '' : `, ${Number(((100 * share.weight) / total).toPrecision(3))} %`;
      return `${name} version ${version} (${platform}${percent})`;
    })
    .join(' + ');
}

function describeLoad(load: LoadSettings): string {
  if (load.kind === 'concurrency')
    return 'closed loop, each answer sends the next request; latency counts from sending';
  if (load.kind === 'periodic-concurrency') {
    const { start, end, step, requestPeriod } = load;
    return `closed loop, ${start} requests in flight and ${step} more after ${requestPeriod} answers to each, up to ${end}; latency counts from sending`;
  }
  const { maxInFlight } = load;
  return `open loop, ${describeSchedule(load)}, at most ${maxInFlight} in flight; latency counts from the intended time`;
}

function describeSchedule(load: Exclude<LoadSettings, { kind: ClosedLoad['kind'] }>): string {
  if (load.kind === 'fixed-schedule') return `${load.timestampsMs.length} given times`;
  if (load.kind === 'request-intervals') return `${load.intervalsUs.length} intervals over and over`;
  const { arrivals, shape } = load;
  const gaps = arrivals.kind === 'gamma' ? `gamma gaps (shape ${arrivals.shape})` : `${arrivals.kind} gaps`;
  return shape.kind === 'constant' ? gaps : `${gaps}, rate times a ${shape.kind}`;
}

function describeMeasurement(measurement: MeasurementSettings): string {
  const { mode, intervalMs, requestCount, stabilityPercent, maxTrials, percentile } = measurement;
  if (mode === 'request_count') return `exactly ${requestCount} requests a level, in one window`;
  const windows = mode === 'time_windows' ? `windows of ${intervalMs} ms` : `windows of ${requestCount} requests`;
  const latency = percentile === undefined ? 'mean latency' : `p${percentile} latency`;
  return `${windows}, until throughput and ${latency} of the last 3 agree within ${stabilityPercent} %, at most ${maxTrials}`;
}

/** At most 80 columns wide while nothing failed and no level has a remark. */
function latencyColumns(run: Run): TextColumn<Level>[] {
  const { percentile } = run.settings.measurement;
  const percents = [...new Set([50, 90, 95, 99, ...(percentile === undefined ? [] : [percentile])])];
  return [
    levelColumn(run),
    { title: 'infer/s', value: ({ summary }) => summary.throughput, digits: 2, significant: 5 },
    ms('mean', ({ summary }) => summary.latency?.meanMs),
    ms('± std', ({ summary }) => summary.latency?.stdMs),
    ...percents
      .sort((left, right) => left - right)
      .map((percent) => ms(`p${percent}`, ({ summary }) => summary.latency?.percentilesMs[String(percent)])),
    ms('max', ({ summary }) => summary.latency?.maxMs),
    { title: 'requests', value: ({ summary }) => summary.requests },
    ...(run.levels.some(({ summary }) => summary.failedRequests > 0) ? [failedColumn] : []),
    ...(run.levels.some((level) => levelMarks(level).length > 0) ? [remarkColumn] : []),
  ];
}

/** Milliseconds with four digits: a percentile is within 0.1 %. All digits are in the JSON document. */
const ms = (title: string, value: (level: Level) => number | undefined): TextColumn<Level> => ({
  title,
  value,
  digits: 3,
  significant: 4,
});

const failedColumn: TextColumn<Level> = { title: 'failed', value: ({ summary }) => summary.failedRequests };

const levelColumn = ({ settings }: Run): TextColumn<Level> => ({
  title: levelTitle(settings.load).toLowerCase(),
  value: ({ load }) => String(Number(levelValue(load).toPrecision(6))),
});

/** What the response time of an open loop is made of. */
function pacingTable(run: Run): string {
  const columns: TextColumn<Level>[] = [
    levelColumn(run),
    { title: 'sent/s', value: ({ summary }) => summary.pacing?.achievedRate, digits: 2, significant: 5 },
    { title: 'dropped', value: ({ summary }) => summary.pacing?.dropped },
    ...pacingPercentiles('service', ({ pacing }) => pacing?.serviceTime),
    ...pacingPercentiles('lag', ({ pacing }) => pacing?.sendLag),
  ];
  return `Open loop: response time (above) = send lag + service time (ms)\n${formatTable(columns, run.levels)}`;
}

/** Shown when a request may have any number of responses: latency (above) is to the last one. */
function streamTable(run: Run, levels: readonly Level[]): string {
  const columns: TextColumn<Level>[] = [
    levelColumn(run),
    { title: 'responses/s', value: ({ summary }) => summary.stream?.responsesPerSecond, digits: 2 },
    { title: 'per request', value: ({ summary }) => summary.stream?.perRequest?.mean, digits: 2 },
    { title: 'min', value: ({ summary }) => summary.stream?.perRequest?.min },
    { title: 'max', value: ({ summary }) => summary.stream?.perRequest?.max },
    { title: 'first mean', value: ({ summary }) => summary.stream?.firstResponse?.meanMs, digits: 3 },
    ...[50, 95, 99].map(
      (percent): TextColumn<Level> => ({
        title: `first p${percent}`,
        value: ({ summary }) => summary.stream?.firstResponse?.percentilesMs[String(percent)],
        digits: 3,
      }),
    ),
  ];
  return `Streams: time to the first response; latency (above) is to the last one (ms)\n${formatTable(columns, levels)}`;
}

/** The first title names the group. */
const pacingPercentiles = (
  name: string,
  pick: (measured: Measured) => LatencySummary | undefined,
): TextColumn<Level>[] => [
  ms(`${name} p50`, ({ summary }) => pick(summary)?.percentilesMs['50']),
  ms('p95', ({ summary }) => pick(summary)?.percentilesMs['95']),
  ms('p99', ({ summary }) => pick(summary)?.percentilesMs['99']),
  ms('max', ({ summary }) => pick(summary)?.maxMs),
];

/** The first remark, and how many more there are: all are told below. */
const remarkColumn: TextColumn<Level> = {
  title: 'remark',
  value: (level) => {
    const [first = '', ...others] = levelMarks(level);
    return others.length === 0 ? first : `${first} +${others.length}`;
  },
  align: 'left',
};

const ofServer =
  (pick: (server: NonNullable<Measured['server']>) => number) =>
  ({ summary }: Level): number | undefined =>
    summary.server && pick(summary.server);

const serverMs = (title: string, pick: (server: NonNullable<Measured['server']>) => number): TextColumn<Level> =>
  ms(title, ofServer(pick));

const serverColumns = (run: Run): TextColumn<Level>[] => [
  levelColumn(run),
  { title: 'batch', value: ofServer(({ meanBatchSize }) => meanBatchSize), digits: 2, significant: 4 },
  serverMs('total', ({ requestMs }) => requestMs),
  serverMs('queue', ({ queueMs }) => queueMs),
  serverMs('input', ({ computeInputMs }) => computeInputMs),
  serverMs('infer', ({ computeInferMs }) => computeInferMs),
  serverMs('output', ({ computeOutputMs }) => computeOutputMs),
  serverMs('other', ({ overheadMs }) => overheadMs),
  ms('client', ({ summary }) => summary.server?.clientMs ?? serviceTime(summary)?.meanMs),
  ms('rest', ({ summary }) => networkMs(summary)),
];

/** Shown when a level is not valid: what the client did meanwhile. */
function clientTable(run: Run): string {
  const columns: TextColumn<Level>[] = [
    levelColumn(run),
    { title: 'verdict', value: ({ verdict }) => verdict.kind },
    ms('CPU', ({ clientHealth }) => clientHealth.cpuMsPerRequest),
    { title: 'cores', value: ({ clientHealth }) => clientHealth.cpuCores, digits: 2 },
    { title: 'busy %', value: ({ clientHealth }) => 100 * clientHealth.busyShare, digits: 1 },
    ms('loop p99', ({ clientHealth }) => clientHealth.loopDelay.p99Ms),
    ms('max', ({ clientHealth }) => clientHealth.loopDelay.maxMs),
    { title: 'GCs', value: ({ clientHealth }) => clientHealth.gc.count },
    ms('total', ({ clientHealth }) => clientHealth.gc.totalMs),
    ms('longest', ({ clientHealth }) => clientHealth.gc.longestMs),
  ];
  return `Client (ms): CPU per request, event-loop delay, garbage collections\n${formatTable(columns, run.levels)}`;
}

function remarks(run: Run): string[] {
  const lines = run.levels.flatMap((level) => describeLevel(level, run.settings));
  if (isSwept(run.settings.load) && run.settings.load.search === 'binary') {
    lines.push(binaryResult(run));
  }
  if (run.isInterrupted) lines.push('The run was interrupted: later levels are missing.');
  return lines.length === 0 ? [] : [lines.map((line) => `! ${line}`).join('\n')];
}

function binaryResult({ levels, settings }: Run): string {
  const met = levels.filter(
    ({ isOverLimit, stability, verdict }) => !isOverLimit && stability.stable && verdict.kind !== 'invalid',
  );
  const best = met.toSorted((left, right) => levelValue(right.load) - levelValue(left.load))[0];
  const limit = `below ${settings.latencyLimitMs} ms, stable and not invalid`;
  return best === undefined ? `No level was ${limit}.` : `The highest level that was ${limit}: ${loadName(best.load)}.`;
}

/** The closing lines of perf_analyzer, letter by letter, because scripts read them. */
function summaryLines(levels: readonly Level[], { percentile }: MeasurementSettings): string {
  const name = percentile === undefined ? 'Average' : `p${percentile}`;
  const lines = levels.map(({ load, summary }) => {
    const latencyMs = percentile === undefined ? summary.latency?.meanMs : summary.latency?.percentilesMs[percentile];
    const throughput = Number(summary.throughput.toPrecision(6));
    return `${levelTitle(load)}: ${Number(levelValue(load).toPrecision(6))}, throughput: ${throughput} infer/sec, latency ${Math.round((latencyMs ?? 0) * 1000)} usec`;
  });
  return [`Inferences/Second vs. Client ${name} Batch Latency`, ...lines].join('\n');
}
