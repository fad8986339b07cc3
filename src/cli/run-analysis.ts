import { analyze } from '../../analyzer/analyze.js';
import { levelCount } from '../../analyzer/load/level-range.js';
import type { ComposingSource } from '../../analyzer/measure/composing-statistics.js';
import type { MetricsSource } from '../../analyzer/measure/metrics-polls.js';
import type { ReadStatistics } from '../../analyzer/measure/server-snapshots.js';
import { composingCsvs } from '../../reports/composing.js';
import { formatCsv } from '../../reports/csv.js';
import { formatJson } from '../../reports/json.js';
import { type Epoch, epochAt } from '../../reports/profile-export.js';
import { formatText } from '../../reports/text.js';
import type { V2Client } from '../client/v2-client.js';
import { systemClock } from '../core/clock.js';
import { tool } from '../core/package-manifest.js';
import type { Level, Run, RunSettings, ServerFacts } from '../core/run.js';
import type { AnalyzeOptions } from './analyze-options.js';
import { chooseServer, connect } from './choose-server.js';
import { collectMetrics, metricsUrlOf } from './collect-metrics.js';
import type { CommandContext } from './command-context.js';
import { composingCsvPath } from './composing-csv-path.js';
import { type EmbeddedServer, launchEmbeddedServer } from './embedded-server.js';
import { runExitCode } from './exit-codes.js';
import { checkSequences } from './flags/sequence-flags.js';
import { describeMachine } from './machine.js';
import { repositoryFor } from './model-source.js';
import { openSending } from './open-sending.js';
import { openTarget, type Target } from './open-target.js';
import { createProfileFile, type ProfileFile } from './profile-file.js';
import { openRequestPath } from './request-path.js';
import { setTrace } from './set-trace.js';
import { passLines, tensorLines } from './verbose-lines.js';
import { checkWritable, writeOutput } from './write-output.js';

/**
 * The default command: chooses a server, sweeps the load, reports. Resolves with the exit code.
 *
 * @throws PerfError for everything that is known to stop a run before its first request
 */
export async function runAnalysis(options: AnalyzeOptions, context: CommandContext): Promise<number> {
  const { output } = options;
  if (output.csv !== undefined) checkWritable('-f', output.csv);
  if (output.json !== undefined) checkWritable('--json', output.json);
  if (output.profile !== undefined) checkWritable('--profile-export-file', output.profile);
  for (const note of options.notes) context.progress.say(note);
  await using profile = output.profile === undefined ? undefined : createProfileFile(output.profile, wallClock());
  const run = await measure(options, { ...context, profile }).finally(() => context.progress.close());
  const refusals = [
    () => output.csv === undefined || writeOutput('-f', output.csv, formatCsv(run, { isVerbose: output.isVerboseCsv })),
    ...composingFiles(run, output.csv).map(
      ({ path, text }) =>
        () =>
          writeOutput('-f', path, text),
    ),
    () => output.json === undefined || writeOutput('--json', output.json, formatJson(run)),
    () => context.print(formatText(run)),
  ].flatMap(thrownBy);
  await profile?.finish(tool.version);
  if (refusals.length > 0) throw refusals[0];
  return runExitCode(run);
}

/** The CSV of each model within the measured one, beside the one of `-f`. */
function composingFiles(run: Run, csv: string | undefined): { readonly path: string; readonly text: string }[] {
  if (csv === undefined) return [];
  return composingCsvs(run).map(({ text, ...model }) => ({ path: composingCsvPath(csv, model), text }));
}

/** The context of a command, and where it keeps every request. */
interface RunContext extends CommandContext {
  readonly profile: ProfileFile | undefined;
}

/** When the monotonic clock was 0. */
const wallClock = (): Epoch => epochAt(performance.timeOrigin);

/** One report that cannot be written must not cost the others. */
function thrownBy(action: () => unknown): unknown[] {
  try {
    action();
    return [];
  } catch (thrown) {
    return [thrown];
  }
}

async function measure(options: AnalyzeOptions, context: RunContext): Promise<Run> {
  const { settings } = options;
  const choice = await chooseServer({
    serviceKind: options.server.serviceKind,
    protocol: settings.protocol,
    url: options.server.url,
    hasRepository: options.server.modelRepository !== undefined,
    connection: options.server.connection,
  });
  if (choice.kind === 'remote') {
    context.progress.say(`Server: ${choice.url} (${choice.because}).`);
    return measureAt({ kind: 'remote', url: choice.url, metricsUrl: metricsUrlOf(choice.url) }, options, context);
  }
  const modelRepository = await repositoryFor(settings.modelName, options.server.modelRepository, context);
  context.progress.show(`starting the embedded server with ${settings.modelName}`);
  await using embedded = await launchEmbeddedServer({
    modelRepository,
    modelNames: [settings.modelName, ...(settings.blsComposingModels ?? []).map(({ name }) => name)],
    allowClientShm: settings.sharedMemory.kind === 'system',
    interrupt: context.interrupt,
    onLine: (line) => {
      if (options.isVerbose || /^(note|warning):/.test(line)) context.progress.say(line);
    },
  });
  const url = `127.0.0.1:${settings.protocol === 'http' ? embedded.ports.http : embedded.ports.grpc}`;
  context.progress.say(`Server: embedded, on ${url}, models from ${modelRepository} (${choice.because}).`);
  const metricsUrl = `http://127.0.0.1:${embedded.ports.metrics}/metrics`;
  return await measureAt({ kind: 'embedded', url, metricsUrl, embedded }, options, context);
}

interface Place {
  readonly kind: ServerFacts['kind'];
  readonly url: string;
  /** Where the metrics are unless the user says otherwise. */
  readonly metricsUrl: string;
  readonly embedded?: EmbeddedServer;
}

async function measureAt(place: Place, asked: AnalyzeOptions, context: RunContext): Promise<Run> {
  const { interrupt, progress } = context;
  await using client = connect(asked.settings.protocol, place.url, asked.server.connection);
  const target = await openTarget(client, asked.settings, place.url);
  const options = withSequences(asked, target);
  const { settings } = options;
  for (const model of target.composing) {
    if (options.output.csv !== undefined) checkWritable('-f', composingCsvPath(options.output.csv, model));
  }
  if (options.isVerbose) tensorLines(target.metadata).forEach(progress.say);
  const { extensions } = target.server;
  await using _trace = await setTrace(settings, { client, extensions, say: progress.say });
  await using metrics = await collectMetrics(settings, {
    ownUrl: place.metricsUrl,
    tls: options.server.connection.tls,
  });
  const startedAt = new Date();
  const levels = await sweep({ place, options, client, target, metrics: metrics?.source }, context);
  if (place.embedded?.lost.aborted) progress.say(`The embedded server ended: ${place.embedded.ending()}.`);
  return {
    format: 'perf-analyze/run',
    formatVersion: 1,
    tool,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    isInterrupted: interrupt.signal.aborted,
    settings,
    machine: describeMachine(),
    server: { kind: place.kind, url: place.url, ...target.server },
    model: target.model,
    levels,
  };
}

/** A model that batches sequences gets nothing else. */
function withSequences(options: AnalyzeOptions, { config }: Target): AnalyzeOptions {
  const { settings, sequences } = options;
  if (config?.sequence_batching === undefined && !sequences.isAsked) return options;
  checkSequences(sequences.settings, settings);
  return { ...options, settings: { ...settings, sequences: sequences.settings } };
}

interface Sweep {
  readonly place: Place;
  readonly options: AnalyzeOptions;
  readonly client: V2Client;
  readonly target: Target;
  readonly metrics: MetricsSource | undefined;
}

async function sweep(
  { place, options, client, target, metrics }: Sweep,
  { interrupt, progress, profile }: RunContext,
): Promise<Level[]> {
  const { settings, isVerbose } = options;
  const { connection } = options.server;
  await using path = await openRequestPath({
    settings,
    target,
    client,
    interrupt,
    url: place.url,
    connection,
  });
  await using sending = await openSending(path, settings);
  const signal =
    place.embedded === undefined ? interrupt.signal : AbortSignal.any([interrupt.signal, place.embedded.lost]);
  const total = levelCount(settings.load);
  const levels: Level[] = [];
  const measured = analyze(
    { ...settings, isStreamed: settings.wire.streaming },
    {
      openSender: sending.openSender,
      startMeter: sending.startMeter,
      clock: systemClock,
      readStatistics: statisticsReader(client, settings, target),
      composing: composingSource(client, target),
      metrics,
      recordAnswers: profile?.recordAnswers,
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
  return levels;
}

function statisticsReader(client: V2Client, settings: RunSettings, { hasStatistics }: Target): ReadStatistics {
  if (!hasStatistics) return async () => undefined;
  const model = { name: settings.modelName, version: settings.modelVersion };
  return () => client.statistics(model).catch(() => undefined);
}

function composingSource(client: V2Client, { hasStatistics, composing }: Target): ComposingSource | undefined {
  if (!hasStatistics || composing.length === 0) return undefined;
  return {
    models: composing,
    read: ({ name, version, isServersChoice }) =>
      client.statistics({ name, version: isServersChoice ? '' : version }).catch(() => undefined),
  };
}
