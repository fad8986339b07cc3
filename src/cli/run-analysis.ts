import { analyze } from '../../analyzer/analyze.js';
import { type CacheWitness, createCacheWitness, differentRequests } from '../../analyzer/limits/cache-turns.js';
import { kneeOfLevels } from '../../analyzer/limits/knee.js';
import { maxRateOf } from '../../analyzer/limits/max-rate.js';
import { levelCount } from '../../analyzer/load/level-range.js';
import type { ComposingSource } from '../../analyzer/measure/composing-statistics.js';
import type { RecordAnswers } from '../../analyzer/measure/measure-level.js';
import type { MetricsSource } from '../../analyzer/measure/metrics-polls.js';
import type { ReadStatistics } from '../../analyzer/measure/server-snapshots.js';
import { type Targets, targetList, targetTable } from '../../analyzer/targets/targets.js';
import { type Epoch, epochAt, type RequestLabel } from '../../reports/profile-export.js';
import type { CacheTest } from '../core/cache-test.js';
import { systemClock } from '../core/clock.js';
import { isSwept } from '../core/load-name.js';
import { tool } from '../core/package-manifest.js';
import type { Level, Run, ServerFacts } from '../core/run.js';
import type { RunSettings } from '../core/run-settings.js';
import { minus, toMs } from '../core/units.js';
import type { AnalyzeOptions } from './analyze-options.js';
import { chooseServer } from './choose-server.js';
import { collectMetrics } from './collect-metrics.js';
import type { CommandContext } from './command-context.js';
import { composingCsvPath } from './composing-csv-path.js';
import { type EmbeddedServer, launchEmbeddedServer } from './embedded-server.js';
import { runExitCode } from './exit-codes.js';
import { checkSequenceTargets } from './flags/check-targets.js';
import { metricsUrlOf } from './flags/metrics-flags.js';
import { checkSequences } from './flags/sequence-flags.js';
import { describeMachine } from './machine.js';
import { repositoryFor } from './model-source.js';
import { openSending } from './open-sending.js';
import { modelNames, type OpenServer, type OpenServers, openServers } from './open-servers.js';
import type { Target } from './open-target.js';
import { createProfileFile, type ProfileFile } from './profile-file.js';
import { openRequestPath } from './request-path.js';
import { setTraces } from './set-trace.js';
import { passLines, tensorLines } from './verbose-lines.js';
import { checkWritable } from './write-output.js';
import { checkReportFiles, writeReports } from './write-reports.js';

/**
 * The default command: chooses a server, sweeps the load, reports. Resolves with the exit code.
 *
 * @throws PerfError for everything that is known to stop a run before its first request
 */
export async function runAnalysis(options: AnalyzeOptions, context: CommandContext): Promise<number> {
  const { output } = options;
  checkReportFiles(output.reports);
  if (output.profile !== undefined) checkWritable('--profile-export-file', output.profile.file);
  for (const note of options.notes) context.progress.say(note);
  await using profile = output.profile === undefined ? undefined : createProfileFile(output.profile.file, wallClock());
  const run = await measure(options, { ...context, profile }).finally(() => context.progress.close());
  const refusal = await writeReports([run], output.reports, context);
  await profile?.finish(tool.version);
  if (refusal !== undefined) throw refusal;
  return runExitCode(run);
}

/** The context of a command, and where it keeps every request. */
export interface RunContext extends CommandContext {
  readonly profile: ProfileFile | undefined;
}

/** When the monotonic clock was 0. */
const wallClock = (): Epoch => epochAt(performance.timeOrigin);

async function measure(options: AnalyzeOptions, context: RunContext): Promise<Run> {
  const { settings } = options;
  const choice = await chooseServer({
    serviceKind: options.server.serviceKind,
    protocol: settings.protocol,
    urls: options.server.urls,
    hasRepository: options.server.modelRepository !== undefined,
    connection: options.server.connection,
  });
  if (choice.kind === 'remote') {
    const label = choice.urls.length === 1 ? 'Server' : 'Servers';
    context.progress.say(`${label}: ${choice.urls.join(', ')} (${choice.because}).`);
    return measureAt(
      { kind: 'remote', urls: choice.urls, metricsUrls: choice.urls.map(metricsUrlOf) },
      options,
      context,
    );
  }
  const names = modelNames(settings);
  const modelRepository = await repositoryFor(names, options.server.modelRepository, context);
  context.progress.show(`starting the embedded server with ${names.join(', ')}`);
  await using embedded = await launchEmbeddedServer({
    modelRepository,
    modelNames: [...names, ...(settings.blsComposingModels ?? []).map(({ name }) => name)],
    allowClientShm: settings.sharedMemory.kind === 'system',
    interrupt: context.interrupt,
    onLine: (line) => {
      if (options.isVerbose || /^(note|warning):/.test(line)) context.progress.say(line);
    },
  });
  const url = `127.0.0.1:${settings.protocol === 'http' ? embedded.ports.http : embedded.ports.grpc}`;
  context.progress.say(`Server: embedded, on ${url}, models from ${modelRepository} (${choice.because}).`);
  const metricsUrls = [`http://127.0.0.1:${embedded.ports.metrics}/metrics`];
  return await measureAt({ kind: 'embedded', urls: [url], metricsUrls, embedded }, options, context);
}

export interface Place {
  readonly kind: ServerFacts['kind'];
  readonly urls: readonly string[];
  /** Where the metrics of each are unless the user says otherwise. */
  readonly metricsUrls: readonly string[];
  readonly embedded?: EmbeddedServer;
}

async function measureAt(place: Place, asked: AnalyzeOptions, context: RunContext): Promise<Run> {
  const { interrupt, progress } = context;
  await using servers = await openServers(asked.settings, place.urls, asked.server.connection, interrupt.signal);
  const options = withSequences(asked, servers);
  const { settings } = options;
  const { models } = servers.first;
  const { csv } = options.output.reports;
  const isAlone = models.length === 1 && place.urls.length === 1;
  for (const model of isAlone ? models.flatMap(({ composing }) => composing) : []) {
    if (csv !== undefined) checkWritable('-f', composingCsvPath(csv, model));
  }
  if (options.isVerbose) models.flatMap((target) => modelLines(target, models.length)).forEach(progress.say);
  await using _trace = await setTraces(settings, servers, progress.say);
  await using metrics = await collectMetrics(settings, {
    servers: place.urls.map((url, index) => ({ url, metricsUrl: place.metricsUrls[index] ?? '' })),
    tls: options.server.connection.tls,
  });
  const startedAt = new Date();
  const runOf = (levels: readonly Level[]): Run => ({
    format: 'perf-analyze/run',
    formatVersion: 1,
    tool,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    isInterrupted: interrupt.signal.aborted,
    settings,
    machine: describeMachine(),
    ...facts(place, servers),
    levels,
  });
  progress.startRun(runOf);
  const { levels, cacheTest } = await sweep({ place, options, servers, metrics: metrics?.source }, context);
  if (place.embedded?.lost.aborted) progress.say(`The embedded server ended: ${place.embedded.ending()}.`);
  return { ...runOf(levels), ...limitsOf(levels, settings), ...(cacheTest === undefined ? {} : { cacheTest }) };
}

/** What the levels say together, where that was asked for. */
function limitsOf(
  levels: readonly Level[],
  { load, measurement, batchSize }: RunSettings,
): Pick<Run, 'maxRate' | 'knee'> {
  const maxRate = measurement.maxRate && maxRateOf(levels, measurement.maxRate);
  const knee = isSwept(load) && load.search === 'knee' ? kneeOfLevels(levels, batchSize) : undefined;
  return { ...(maxRate === undefined ? {} : { maxRate }), ...(knee === undefined ? {} : { knee }) };
}

/** A model that batches sequences gets nothing else. */
function withSequences(options: AnalyzeOptions, { first, all }: OpenServers): AnalyzeOptions {
  const { settings, sequences } = options;
  const batches = first.models.some(({ config }) => config?.sequence_batching !== undefined);
  if (!batches && !sequences.isAsked) return options;
  checkSequences(sequences.settings, settings);
  const withThem = { ...settings, sequences: sequences.settings };
  checkSequenceTargets(withThem, { models: first.models.length, servers: all.length });
  return { ...options, settings: withThem };
}

/** The tensors of a model; of one of several, behind its name. */
const modelLines = ({ metadata, model }: Target, count: number): string[] =>
  count === 1 ? tensorLines(metadata) : [`Model: ${model.name}`, ...tensorLines(metadata)];

/** What servers and models say of themselves; all of them, where there are several. */
function facts({ kind }: Place, { first, all }: OpenServers): Pick<Run, 'server' | 'servers' | 'model' | 'models'> {
  const ofServer = ({ url, models: [target] }: OpenServer): ServerFacts => {
    if (target === undefined) throw new Error('a server has at least one model');
    return { kind, url, ...target.server };
  };
  const models = first.models.map(({ model }) => model);
  const [model] = models;
  if (model === undefined) throw new Error('a run has at least one model');
  return {
    server: ofServer(first),
    ...(all.length > 1 ? { servers: all.map(ofServer) } : {}),
    model,
    ...(models.length > 1 ? { models } : {}),
  };
}

export interface Sweep {
  readonly place: Pick<Place, 'embedded'>;
  readonly options: AnalyzeOptions;
  readonly servers: OpenServers;
  readonly metrics: MetricsSource | undefined;
}

/** Measures all levels of the settings, one after the other. */
export async function sweep(
  { place, options, servers, metrics }: Sweep,
  { interrupt, progress, profile }: RunContext,
): Promise<{ readonly levels: Level[]; readonly cacheTest?: CacheTest }> {
  const { settings, isVerbose } = options;
  const { connection } = options.server;
  await using path = await openRequestPath({
    settings,
    servers,
    interrupt,
    connection,
    tensorLimitBytes: options.output.profile?.tensorLimitBytes,
  });
  await using sending = await openSending(path, settings);
  const { targets, inputsOf } = path;
  if (targets !== undefined) profile?.labelRequests(requestLabels(targets));
  if (inputsOf !== undefined) profile?.keepTensors(inputsOf);
  const signal =
    place.embedded === undefined ? interrupt.signal : AbortSignal.any([interrupt.signal, place.embedded.lost]);
  const total = levelCount(settings.load);
  const levels: Level[] = [];
  const witness = settings.measurement.detectsCache && createCacheWitness(differentRequests(path.requests));
  const measured = analyze(
    { ...settings, targets, isStreamed: settings.wire.streaming },
    {
      openSender: sending.openSender,
      startMeter: sending.startMeter,
      clock: systemClock,
      readStatistics: statisticsReader(settings, servers),
      composing: composingSource(servers),
      metrics,
      recordAnswers: witness === undefined ? profile?.recordAnswers : witnessing(witness, profile?.recordAnswers),
      onStart: (view) =>
        progress.startLevel(view, {
          settings,
          levelsLeft: total === undefined ? undefined : total - levels.length - 1,
        }),
    },
    signal,
  );
  for await (const level of measured) {
    levels.push(level);
    progress.endLevel(level);
    profile?.endLevel(level);
    if (isVerbose) passLines(level, settings.measurement.percentile).forEach(progress.say);
  }
  profile?.notes().forEach(progress.say);
  const failed = levels.reduce((sum, { requests }) => sum + requests.failed, 0);
  return { levels, ...(witness === undefined ? {} : { cacheTest: witness.result(failed) }) };
}

/** Both hear of every answer. */
const witnessing =
  (witness: CacheWitness, recordAnswers: RecordAnswers | undefined): RecordAnswers =>
  (load, startedAt) => {
    const record = recordAnswers?.(load, startedAt);
    return (answer) => {
      witness.record(answer.request, toMs(minus(answer.lastAt, answer.sentAt)));
      record?.(answer);
    };
  };

/** The targets in their order: server after server, model after model. */
function statisticsReader({ modelVersion: version }: RunSettings, { all }: OpenServers): ReadStatistics {
  const readers = all.flatMap(({ client, models }) =>
    models.map(({ hasStatistics, model: { name } }) =>
      hasStatistics ? () => client.statistics({ name, version }).catch(() => undefined) : undefined,
    ),
  );
  return async (target) => readers[target]?.();
}

/** What of a request is not the same for all. */
function requestLabels(targets: Targets): (request: number) => RequestLabel {
  const table = targetTable(targets);
  const labels = targetList(targets).map(({ model, server }): RequestLabel => {
    const [name, url] = [targets.models[model]?.name ?? '', targets.urls[server] ?? ''];
    return { ...(targets.models.length > 1 ? { model: name } : {}), ...(targets.urls.length > 1 ? { url } : {}) };
  });
  return (request) => labels[table[request] ?? 0] ?? {};
}

/** Of one model on one server. */
function composingSource({ all, first: { client, models } }: OpenServers): ComposingSource | undefined {
  const [model, second] = models;
  if (model === undefined || second !== undefined || all.length > 1) return undefined;
  const { hasStatistics, composing } = model;
  if (!hasStatistics || composing.length === 0) return undefined;
  return {
    models: composing,
    read: ({ name, version, isServersChoice }) =>
      client.statistics({ name, version: isServersChoice ? '' : version }).catch(() => undefined),
  };
}
