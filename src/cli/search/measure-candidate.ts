import { V2Error } from '../../client/v2-client.js';
import type { LoadSettings } from '../../core/load.js';
import { messageOf } from '../../core/perf-error.js';
import type { Level } from '../../core/run.js';
import type { MeasurementSettings, RunSettings } from '../../core/run-settings.js';
import type { Candidate, Hopeless, Trial } from '../../core/trial.js';
import type { AnalyzeOptions } from '../analyze-options.js';
import type { CommandContext } from '../command-context.js';
import { openServers } from '../open-servers.js';
import { sweep } from '../run-analysis.js';
import { type Loader, serverGone } from './load-candidate.js';
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

/** A measure that may end early, if it is told when. */
export type Look = (candidate: Candidate, hopeless?: Hopeless) => Promise<Trial>;

/**
 * Measures a candidate on a server: loads its configuration and holds its load. A configuration that does not load, and a load that
 * brings no answer, are failed trials. Rejects when the search was interrupted, the server is gone, or it has another configuration now.
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
      throwIfGone(server, thrown);
      return failed(messageOf(thrown));
    }
    const trial = await measureLoaded(candidate, { ...how, hopeless }, seconds);
    if (signal.aborted) throw signal.reason;
    await loader.checkLoaded();
    return trial ?? failed('nothing was measured');
  };
}

/** What ends a search, since no candidate is to blame. */
function throwIfGone(server: SearchServer, thrown: unknown): void {
  if (server.embedded?.lost.aborted === true) throw thrown;
  if (thrown instanceof V2Error && thrown.code === 'connect') throw serverGone(server, thrown);
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
