import type { LoadSettings } from '../../core/load.js';
import { PerfError } from '../../core/perf-error.js';
import { ruleMinMs, type ScenarioName, type ScenarioSettings, scenarioRules } from '../../core/scenario.js';
import { durationOf } from './duration.js';
import { badFlag, oneOf, parseInteger, parseNumber, parseRange } from './parse.js';

const text = { type: 'string', requiresArg: true, group: 'Measurement:' } as const;
const flag = '--scenario';

/** The flags of MLPerf's scenarios. */
export const scenarioFlags = {
  scenario: {
    ...text,
    describe: 'Load and judge as MLPerf inference does: single-stream, multi-stream, server or offline',
  },
  'min-queries': {
    ...text,
    defaultDescription: "MLPerf's: 100, 662, 100, 24576 samples",
    describe: '--scenario: at least so many queries, offline samples',
  },
} as const;

/** As yargs gives them; all that `beside` a scenario has no meaning is refused. */
export interface ScenarioFlags {
  readonly scenario?: string | undefined;
  readonly minQueries?: string | undefined;
  readonly minTime?: string | undefined;
  readonly maxTime?: string | undefined;
  /** Of scenario server: its limit. */
  readonly latencyThreshold?: string | undefined;
}

/** Unless `--max-time` is given. */
const longest = 2;
/** Offline, the samples of the one query that are on their way at a time. */
const offlineInFlight = '16';
const names = Object.keys(scenarioRules) as ScenarioName[];

/**
 * Absent: no scenario was asked for.
 *
 * @throws PerfError `usage` that names the flag, what was expected and what was got
 */
export function scenarioSettings(flags: ScenarioFlags): ScenarioSettings | undefined {
  if (flags.scenario === undefined) {
    if (flags.minQueries === undefined) return undefined;
    throw new PerfError('usage', `Cannot use --min-queries ${flags.minQueries}: expected ${flag} with it, got none`);
  }
  const name = oneOf(flag, flags.scenario, names);
  const { percentile, minQueries } = scenarioRules[name];
  const minMs = durationOf('--min-time', flags.minTime) ?? ruleMinMs;
  const maxMs = durationOf('--max-time', flags.maxTime) ?? longest * minMs;
  if (minMs > maxMs) throw badFlag('--min-time', `at most --max-time ${flags.maxTime}`, `${flags.minTime ?? '600s'}`);
  return {
    name,
    ...(percentile === undefined ? {} : { percentile }),
    ...(name === 'server' ? { limitMs: limitOf(flags) } : {}),
    minMs,
    minQueries: flags.minQueries === undefined ? minQueries : parseInteger('--min-queries', flags.minQueries, 1),
    maxMs,
  };
}

function limitOf({ latencyThreshold }: ScenarioFlags): number {
  if (latencyThreshold === undefined) throw needs('server', 'a latency limit (-l), in ms');
  const limitMs = parseNumber('-l', latencyThreshold, 0);
  if (limitMs === 0) throw badFlag('-l', 'a number above 0', latencyThreshold);
  return limitMs;
}

/** What chooses the load of a scenario, as yargs gives it. */
interface ScenarioLoadFlags {
  readonly scenario: string;
  readonly concurrencyRange: string | undefined;
  readonly requestRateRange: string | undefined;
  readonly maxInFlight: number;
}

/**
 * Queries one after the other; of a server by a Poisson process; offline all samples, with so many requests in flight as the
 * range says.
 *
 * @param given flags of other loads, which no scenario has
 * @throws PerfError `usage`
 */
export function scenarioLoad(flags: ScenarioLoadFlags, given: readonly string[]): LoadSettings {
  const name = oneOf(flag, flags.scenario, names);
  const own = { server: '--request-rate-range', offline: '--concurrency-range' }[name as string];
  const other = given.find((each) => each !== own && !(each === '-l' && name === 'server'));
  if (other !== undefined) {
    throw new PerfError('usage', `Cannot use ${flag} ${name} with ${other}: expected one of them, got both`);
  }
  if (name === 'server') {
    const rate = Number(flags.requestRateRange ?? Number.NaN);
    if (flags.requestRateRange === undefined) throw needs('server', 'one --request-rate-range, in requests a second');
    if (!(rate > 0)) throw badFlag('--request-rate-range', `one rate above 0 with ${flag}`, flags.requestRateRange);
    return {
      kind: 'request-rate',
      range: { start: rate, end: rate, step: 1 },
      search: 'linear',
      arrivals: { kind: 'poisson' },
      shape: { kind: 'constant' },
      maxInFlight: flags.maxInFlight,
    };
  }
  const range = parseRange(
    '--concurrency-range',
    name === 'offline' ? (flags.concurrencyRange ?? offlineInFlight) : '1',
  );
  if (range.start !== range.end) {
    throw badFlag('--concurrency-range', `one concurrency with ${flag}`, `${flags.concurrencyRange}`);
  }
  return { kind: 'concurrency', range, search: 'linear' };
}

/** The inferences in each request: 1 unless given, or the samples of a query. */
export function batchSizeOf({ scenario }: ScenarioFlags, given: string | undefined): number {
  const rule = names.find((name) => name === scenario);
  const samples = rule && scenarioRules[rule].samplesPerQuery;
  const batchSize = parseInteger('-b', given ?? String(samples ?? 1), 1);
  if (samples !== undefined && batchSize !== samples) {
    throw badFlag('-b', `${samples}, the samples of a query of ${flag} ${rule}`, String(batchSize));
  }
  return batchSize;
}

const needs = (name: string, needed: string): PerfError =>
  new PerfError('usage', `Cannot use ${flag} ${name}: expected ${needed} with it, got none`);
