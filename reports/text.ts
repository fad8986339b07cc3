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
import { networkMs, serviceTime } from './csv.js';
import { describeLevel, levelMarks } from './marks.js';
import { formatMetrics } from './metrics-table.js';
import { describeSequences, formatSequences } from './sequence-table.js';
import { formatTable, type TextColumn } from './table.js';

/** The report for a person: settings, one table of latencies, one of the server's split, remarks, and the summary lines that scripts know from perf_analyzer. */
export function formatText(run: Run): string {
  const measured = run.levels.filter(({ summary }) => summary.requests > 0);
  const hasServer = measured.some(({ summary }) => summary.server !== undefined);
  const metrics = formatMetrics(measured, levelColumn(run));
  const sections = [
    heading(run),
    run.levels.length === 0 ? 'Nothing was measured.' : formatTable(latencyColumns(run), run.levels),
    ...(isOpenLoop(run.settings.load) ? [pacingTable(run)] : []),
    ...(run.settings.sequences === undefined ? [] : [formatSequences(run.levels, levelColumn(run))]),
    ...(hasServer ? [`Server, mean per request (ms)\n${formatTable(serverColumns(run), measured)}`] : []),
    ...(metrics === undefined ? [] : [metrics]),
    ...(run.levels.some(({ verdict }) => verdict.kind !== 'valid') ? [clientTable(run)] : []),
    ...remarks(run),
    ...(measured.length === 0 ? [] : [summaryLines(measured, run.settings.measurement)]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function heading(run: Run): string {
  const { settings, server, model, machine } = run;
  const protocol = settings.protocol === 'http' ? 'HTTP' : 'gRPC';
  const threads = settings.maxThreads === 1 ? '' : `, up to ${settings.maxThreads} sending threads`;
  const limit = settings.latencyLimitMs === undefined ? '' : `, latency limit ${settings.latencyLimitMs} ms`;
  return [
    `${model.name} version ${model.version} (${model.platform}), batch ${settings.batchSize}, over ${protocol}`,
    `server: ${server.kind}, ${server.name} ${server.version} at ${server.url}`,
    `client: ${run.tool.name} ${run.tool.version}, Node ${machine.nodeVersion}, ${machine.logicalCpus} x ${machine.cpuModel}${threads}`,
    `load: ${describeLoad(settings.load)}`,
    ...(settings.sequences === undefined ? [] : [`sequences: ${describeSequences(settings.sequences, settings.load)}`]),
    `measured: ${describeMeasurement(settings.measurement)}${limit}`,
  ].join('\n');
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

function latencyColumns(run: Run): TextColumn<Level>[] {
  const { percentile } = run.settings.measurement;
  const percents = [50, 90, 95, 99, 99.9];
  if (percentile !== undefined && !percents.includes(percentile)) percents.push(percentile);
  return [
    levelColumn(run),
    { title: 'infer/s', value: ({ summary }) => summary.throughput, digits: 2 },
    { title: 'mean ms', value: ({ summary }) => summary.latency?.meanMs, digits: 3 },
    { title: '± std', value: ({ summary }) => summary.latency?.stdMs, digits: 3 },
    { title: 'min', value: ({ summary }) => summary.latency?.minMs, digits: 3 },
    ...percents
      .sort((left, right) => left - right)
      .map(
        (percent): TextColumn<Level> => ({
          title: `p${percent}`,
          value: ({ summary }) => summary.latency?.percentilesMs[String(percent)],
          digits: 3,
        }),
      ),
    { title: 'max', value: ({ summary }) => summary.latency?.maxMs, digits: 3 },
    { title: 'requests', value: ({ summary }) => summary.requests },
    { title: 'failed', value: ({ summary }) => summary.failedRequests },
    ...(run.levels.some((level) => levelMarks(level).length > 0) ? [remarkColumn] : []),
  ];
}

const levelColumn = ({ settings }: Run): TextColumn<Level> => ({
  title: levelTitle(settings.load).toLowerCase(),
  value: ({ load }) => String(Number(levelValue(load).toPrecision(6))),
});

/** What the response time of an open loop is made of. */
function pacingTable(run: Run): string {
  const columns: TextColumn<Level>[] = [
    levelColumn(run),
    { title: 'sent/s', value: ({ summary }) => summary.pacing?.achievedRate, digits: 2 },
    { title: 'dropped', value: ({ summary }) => summary.pacing?.dropped },
    ...pacingPercentiles('service', ({ pacing }) => pacing?.serviceTime),
    ...pacingPercentiles('lag', ({ pacing }) => pacing?.sendLag),
  ];
  return `Open loop: response time (above) = send lag + service time (ms)\n${formatTable(columns, run.levels)}`;
}

const pacingPercentiles = (
  name: string,
  pick: (measured: Measured) => LatencySummary | undefined,
): TextColumn<Level>[] => [
  ...[50, 95, 99].map(
    (percent): TextColumn<Level> => ({
      title: `${name} p${percent}`,
      value: ({ summary }) => pick(summary)?.percentilesMs[String(percent)],
      digits: 3,
    }),
  ),
  { title: 'max', value: ({ summary }) => pick(summary)?.maxMs, digits: 3 },
];

const remarkColumn: TextColumn<Level> = {
  title: 'remark',
  value: (level) => levelMarks(level).join(', '),
  align: 'left',
};

const ofServer =
  (pick: (server: NonNullable<Measured['server']>) => number) =>
  ({ summary }: Level): number | undefined =>
    summary.server && pick(summary.server);

const serverColumns = (run: Run): TextColumn<Level>[] => [
  levelColumn(run),
  { title: 'batch', value: ofServer(({ meanBatchSize }) => meanBatchSize), digits: 2 },
  { title: 'request', value: ofServer(({ requestMs }) => requestMs), digits: 3 },
  { title: 'queue', value: ofServer(({ queueMs }) => queueMs), digits: 3 },
  { title: 'compute input', value: ofServer(({ computeInputMs }) => computeInputMs), digits: 3 },
  { title: 'infer', value: ofServer(({ computeInferMs }) => computeInferMs), digits: 3 },
  { title: 'output', value: ofServer(({ computeOutputMs }) => computeOutputMs), digits: 3 },
  { title: 'overhead', value: ofServer(({ overheadMs }) => overheadMs), digits: 3 },
  { title: 'client', value: ({ summary }) => summary.server?.clientMs ?? serviceTime(summary)?.meanMs, digits: 3 },
  { title: 'network + rest', value: ({ summary }) => networkMs(summary), digits: 3 },
];

/** Shown when a level is not valid: what the client did meanwhile. */
function clientTable(run: Run): string {
  const columns: TextColumn<Level>[] = [
    levelColumn(run),
    { title: 'verdict', value: ({ verdict }) => verdict.kind },
    { title: 'CPU ms/request', value: ({ clientHealth }) => clientHealth.cpuMsPerRequest, digits: 3 },
    { title: 'cores', value: ({ clientHealth }) => clientHealth.cpuCores, digits: 2 },
    { title: 'busy %', value: ({ clientHealth }) => 100 * clientHealth.busyShare, digits: 1 },
    { title: 'loop delay p99', value: ({ clientHealth }) => clientHealth.loopDelay.p99Ms, digits: 3 },
    { title: 'max', value: ({ clientHealth }) => clientHealth.loopDelay.maxMs, digits: 3 },
    { title: 'GC pauses', value: ({ clientHealth }) => clientHealth.gc.count },
    { title: 'total', value: ({ clientHealth }) => clientHealth.gc.totalMs, digits: 3 },
    { title: 'longest', value: ({ clientHealth }) => clientHealth.gc.longestMs, digits: 3 },
  ];
  return `Client (ms)\n${formatTable(columns, run.levels)}`;
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
