import { createHash } from 'node:crypto';
import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { LoadSettings } from '../../core/load.js';
import { tool } from '../../core/package-manifest.js';
import { messageOf } from '../../core/perf-error.js';
import type { Level } from '../../core/run.js';
import type { MeasurementSettings, RunSettings } from '../../core/run-settings.js';
import type { Candidate, Hopeless, Trial } from '../../core/trial.js';
import { dataFileOf } from '../../onnx/encode-files.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import type { AnalyzeOptions } from '../analyze-options.js';
import type { CommandContext } from '../command-context.js';
import type { ServerLaunch } from '../embedded-server.js';
import { describeMachine } from '../machine.js';
import { openServers } from '../open-servers.js';
import { sweep } from '../run-analysis.js';
import { applyCandidate } from './apply-candidate.js';
import type { SearchServer } from './open-search-server.js';
import { startServerMeter } from './server-meter.js';
import { trialOfLevel } from './trial-of-level.js';

/** How long a measurement of a search takes: a first look, or one of the repeats that decide. */
export type Effort = 'screen' | 'verdict';

/** Of `-p`, when the command line leaves it open how long a level takes. */
const usualIntervalMs = 5000;

/**
 * Windows of a first look are a tenth of `-p` long and at most 5, so that a quick model is seen in 1.5 s; those of a repeat are
 * twice as long. A search decides by its repeats, so that its levels are not adaptive.
 */
export function measurementOf(measurement: MeasurementSettings, effort: Effort): MeasurementSettings {
  const { adaptive: _adaptive, certify: _certify, ...windows } = measurement;
  const isAdaptive = measurement.mode === 'adaptive';
  const intervalMs = isAdaptive ? usualIntervalMs : measurement.intervalMs;
  return {
    ...windows,
    mode: isAdaptive ? 'time_windows' : measurement.mode === 'request_count' ? 'count_windows' : measurement.mode,
    intervalMs: Math.max(50, Math.round(intervalMs / (effort === 'screen' ? 10 : 5))),
    maxTrials: Math.min(measurement.maxTrials, 5),
  };
}

export interface MeasureOptions {
  readonly server: SearchServer;
  readonly options: AnalyzeOptions;
  readonly context: CommandContext;
  readonly effort: Effort;
}

/** Loads configurations into a server, each only if the one before it was another. */
export interface Loader {
  load(candidate: Candidate): Promise<void>;
}

/**
 * @param restarts begin each configuration with a new server, where it is ours, so that its memory is that of the configuration alone
 */
export function createLoader(server: SearchServer, modelName: string, restarts: boolean): Loader {
  const originals = configurationsOf(server, modelName, {});
  let loaded = originals.map(textOf);
  const filesFor = (name: string, candidate: Candidate) =>
    name === modelName ? sentFiles(server, candidate) : undefined;
  return {
    load: async (candidate) => {
      const wanted = configurationsOf(server, modelName, candidate);
      const texts = wanted.map(textOf);
      if (isDeepStrictEqual(texts, loaded)) return;
      const before = restarts ? originals.map(textOf) : loaded;
      loaded = [];
      if (restarts) await server.restart();
      for (const [index, { name, config }] of wanted.entries()) {
        if (texts[index] !== before[index]) await server.client.loadModel(name, config, filesFor(name, candidate));
      }
      loaded = texts;
    },
  };
}

/** A server that we did not launch has no variants of precision, so that each comes with its load. */
function sentFiles({ kind, precisions }: SearchServer, candidate: Candidate): Map<string, Uint8Array> | undefined {
  const variant = kind === 'remote' ? precisions?.fileOf(candidate) : undefined;
  if (variant === undefined) return undefined;
  const [path, place] = [variant.path, variant.place].map(dataFileOf);
  const data: [string, Uint8Array][] = path && place && existsSync(path) ? [[place, readFileSync(path)]] : [];
  return new Map([[variant.place, readFileSync(variant.path)], ...data]);
}

interface NamedConfiguration {
  readonly name: string;
  readonly config: ModelConfig;
}

const textOf = ({ config }: NamedConfiguration): string => JSON.stringify(config);

/** Those of the models within the searched one first, as it is made of them. */
function configurationsOf(
  { config, composing }: Pick<SearchServer, 'config' | 'composing'>,
  modelName: string,
  candidate: Candidate,
): NamedConfiguration[] {
  const within = [...composing].map(([name, own]) => ({ name, config: applyCandidate(own, candidate, name) }));
  return [...within, { name: modelName, config: applyCandidate(config, candidate) }];
}

/** A measure that may end early, if it is told when. */
export type Look = (candidate: Candidate, hopeless?: Hopeless) => Promise<Trial>;

/**
 * Measures a candidate on a server: loads its configuration and holds its load. A configuration that does not load, and a load that
 * brings no answer, are failed trials. Rejects when the search was interrupted or the server is gone.
 */
export function createMeasure(loader: Loader, how: MeasureOptions): Look {
  const { server, context } = how;
  const { signal } = context.interrupt;
  return async (candidate, hopeless = {}) => {
    const startedAt = performance.now();
    const seconds = (): number => (performance.now() - startedAt) / 1000;
    const failed = (reason: string): Trial => ({ ok: false, candidate, reason, seconds: seconds() });
    try {
      await loader.load(candidate);
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      if (server.embedded?.lost.aborted === true) throw thrown;
      return failed(messageOf(thrown));
    }
    const trial = await measureLoaded(candidate, { ...how, hopeless }, seconds);
    if (signal.aborted) throw signal.reason;
    return trial ?? failed('nothing was measured');
  };
}

interface LookOptions extends MeasureOptions {
  readonly hopeless: Hopeless;
}

async function measureLoaded(
  candidate: Candidate,
  measure: LookOptions,
  seconds: () => number,
): Promise<Trial | undefined> {
  const { embedded } = measure.server;
  const meter = embedded === undefined ? undefined : startServerMeter(embedded.pid);
  const level = await measureOnce(candidate, measure);
  const known = { ...meter?.read(), ...measure.server.precisions?.accuracyOf(candidate) };
  if (level === undefined) return undefined;
  const trial = trialOfLevel(candidate, level, seconds(), known);
  const { maxTrials } = measurementOf(measure.options.settings.measurement, measure.effort);
  return trial.ok && wasCut(level, maxTrials) ? { ...trial, cut: measure.hopeless } : trial;
}

/** Before there were as many windows as a level needs to be steady, or as it may have. */
const wasCut = ({ stability, windows }: Level, maxTrials: number): boolean =>
  !stability.stable && stability.reason === 'too-few-windows' && windows.length < maxTrials;

async function measureOnce(
  candidate: Candidate,
  { server, options, context, effort, hopeless }: LookOptions,
): Promise<Level | undefined> {
  const measurement = measurementOf(options.settings.measurement, effort);
  const settings: RunSettings = {
    ...options.settings,
    load: loadOf(candidate, options.settings.load),
    batchSize: Number(candidate['batch_size'] ?? options.settings.batchSize),
    measurement: {
      ...measurement,
      ...(hopeless.medianMs === undefined ? {} : { hopelessMs: hopeless.medianMs }),
      ...(hopeless.throughput === undefined ? {} : { hopelessThroughput: hopeless.throughput }),
    },
  };
  await using servers = await openServers(settings, [server.url], options.server.connection);
  const place = server.embedded === undefined ? {} : { embedded: server.embedded };
  const ofTrial = { ...context.progress, ...context.progress.trial };
  const {
    levels: [level],
  } = await sweep(
    { place, options: { ...options, settings, isVerbose: false }, servers, metrics: undefined },
    { ...context, progress: ofTrial, profile: undefined },
  );
  return level;
}

/** The load of the settings, on the level of the candidate. */
function loadOf({ concurrency, request_rate: rate }: Candidate, load: LoadSettings): LoadSettings {
  const value = Number(concurrency ?? rate);
  const range = { start: value, end: value, step: 1 };
  if (rate === undefined) return { kind: 'concurrency', range, search: 'linear' };
  if (load.kind !== 'request-rate') throw new Error('a candidate with a rate comes from a range of rates');
  return { ...load, range, search: 'linear' };
}

export interface Conditions extends Omit<MeasureOptions, 'context'> {
  /** How the server is run, where that is not the usual way. */
  readonly setup: { readonly launch?: ServerLaunch; readonly restarts?: true; readonly weightBits?: 7 | 8 };
}

/**
 * A digest of everything but the candidate that decides what a measurement brings: tool, machine, model files, configuration,
 * data and how it is measured. What a search looks for is not in it: a journal can be asked again with other limits.
 */
export function conditionsKey({ server, options, effort, setup }: Conditions): string {
  const { load, measurement, ...rest } = options.settings;
  const { modelRepository: repository, composing } = server;
  const names = [rest.modelName, ...composing.keys()];
  const sent = server.precisions === undefined ? [] : filesIn(join(server.precisions.repository, rest.modelName));
  const files =
    repository === undefined ? [server.url, ...sent] : names.flatMap((name) => filesIn(join(repository, name)));
  const conditions = {
    tool,
    machine: describeMachine(),
    config: server.config,
    ...(composing.size === 0 ? {} : { composing: [...composing] }),
    files,
    settings: rest,
    load: { ...load, range: undefined },
    measurement: measurementOf(measurement, effort),
    effort,
    ...setup,
  };
  return createHash('sha256').update(JSON.stringify(conditions)).digest('hex');
}

/** The digest of every file, by its path. */
function filesIn(folder: string): string[] {
  const entries: Dirent[] = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${path.slice(folder.length)} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`);
}
