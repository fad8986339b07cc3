import { limitText } from '../src/core/certify.js';
import type { ClosedLoad, LoadSettings } from '../src/core/load.js';
import { isSwept, levelValue, loadName } from '../src/core/load-name.js';
import type { Run } from '../src/core/run.js';
import type { MeasurementSettings } from '../src/core/run-settings.js';
import { describeCacheTest } from './cache-test.js';
import { composingRemarks } from './composing.js';
import { describeKnee } from './find-knee.js';
import { describeLevel } from './marks.js';
import { describeMaxRate } from './max-rate.js';
import { scenarioText } from './scenario.js';
import { describeSequences } from './sequence-table.js';

/** What was measured, on what, and how: one line each. */
export function describeRun(run: Run): string[] {
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
  ];
}

/** Of several, with the share that each has of the requests. */
export function describeModels({ settings, model, models = [model] }: Run): string {
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
  const {
    mode,
    adaptive,
    certify,
    maxRate,
    scenario,
    detectsCache,
    intervalMs,
    requestCount,
    stabilityPercent,
    maxTrials,
    percentile,
  } = measurement;
  if (certify !== undefined) {
    return `until ${limitText(certify)} is certain or refuted at ${certify.confidencePercent} %, at most ${certify.maxMs / 1000} s a level`;
  }
  if (maxRate !== undefined) {
    return `a search for the largest rate with ${limitText(maxRate)}, at most ${maxRate.maxProbes} probes of ${maxRate.maxMs / 1000} s`;
  }
  if (scenario !== undefined)
    return `${scenarioText(scenario)}, ${scenario.minMs / 1000} to ${scenario.maxMs / 1000} s`;
  if (detectsCache) return `${requestCount} requests, new inputs and repeated ones in turn`;
  if (mode === 'request_count')
    return `exactly ${requestCount} ${requestCount === 1 ? 'request' : 'requests'} a level, in one window`;
  const windows = mode === 'time_windows' ? `windows of ${intervalMs} ms` : `windows of ${requestCount} requests`;
  const latency = percentile === undefined ? 'mean latency' : `p${percentile} latency`;
  if (adaptive !== undefined) {
    const { minMs, maxMs, precisionPercent } = adaptive;
    return `${minMs / 1000} to ${maxMs / 1000} s a level, until throughput and ${latency} are known to within ${precisionPercent} %`;
  }
  return `${windows}, until throughput and ${latency} of the last 3 agree within ${stabilityPercent} %, at most ${maxTrials}`;
}

/** What the run was to find out, a sentence each; nothing of a plain sweep. */
export function runAnswers(run: Run): string[] {
  const { maxRate, knee, cacheTest } = run;
  return [
    ...(maxRate === undefined ? [] : [describeMaxRate(maxRate, run)]),
    ...(knee === undefined ? [] : [describeKnee(knee)]),
    ...(cacheTest === undefined ? [] : [describeCacheTest(cacheTest)]),
  ];
}

/** What a reader must know before using the numbers, one sentence each. */
export function runRemarks(run: Run): string[] {
  const lines = run.levels.flatMap((level) => describeLevel(level, run.settings));
  if (isSwept(run.settings.load) && run.settings.load.search === 'binary') {
    lines.push(binaryResult(run));
  }
  lines.push(...composingRemarks(run), ...runAnswers(run));
  if (run.isInterrupted) lines.push('The run was interrupted: later levels are missing.');
  return lines;
}

function binaryResult({ levels, settings }: Run): string {
  const met = levels.filter(
    ({ isOverLimit, stability, verdict }) => !isOverLimit && stability.stable && verdict.kind !== 'invalid',
  );
  const best = met.toSorted((left, right) => levelValue(right.load) - levelValue(left.load))[0];
  const limit = `below ${settings.latencyLimitMs} ms, stable and not invalid`;
  return best === undefined ? `No level was ${limit}.` : `The highest level that was ${limit}: ${loadName(best.load)}.`;
}
