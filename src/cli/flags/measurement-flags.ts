import type { CertifySettings } from '../../core/certify.js';
import type { LoadSettings } from '../../core/load.js';
import { isOpenLoop } from '../../core/load-name.js';
import type { MaxRateSettings } from '../../core/max-rate.js';
import { PerfError } from '../../core/perf-error.js';
import type { AdaptiveSettings, MeasurementSettings } from '../../core/run-settings.js';
import type { ScenarioSettings } from '../../core/scenario.js';
import { cacheTestFlags, cacheTestMeasurement } from './cache-test-flags.js';
import { durationOf } from './duration.js';
import { parseCertify, parseMaxRateLimit } from './latency-limit.js';
import { badFlag, oneOf, parseInteger, parseNumber, parsePercent, parsePercentile } from './parse.js';
import type { RequestSettings } from './request-flags.js';
import { type ScenarioFlags, scenarioFlags, scenarioSettings } from './scenario-flags.js';

const text = { type: 'string', requiresArg: true, group: 'Measurement:' } as const;

const defaults = { precisionPercent: 5, minMs: 2000, maxMs: 20_000 } as const;
const windowDefaults = { intervalMs: '5000', requestCount: '50', stabilityPercent: '10', maxTrials: '10' } as const;
/** Ten times as many requests as p99 needs, at 100 a second. */
const certifyMaxMs = 60_000;
/** Of a probe, of which a search has at most so many. */
const probeMaxMs = 15_000;
/** In so many times the limit a backlog shows in latency when the rate is 5 % too high. */
const probeLimits = 20;
const maxProbes = 12;
/** Of an adaptive level: windows are what its looks and its warm-up are rounded to. */
const adaptiveWindowMs = 500;

/** The flags that say how long a level is measured. */
export const measurementFlags = {
  'measurement-mode': {
    ...text,
    defaultDescription: 'adaptive; time_windows with -p, -s or -r, and for loads that change over time',
    describe: 'adaptive, time_windows or count_windows',
  },
  precision: {
    ...text,
    defaultDescription: String(defaults.precisionPercent),
    describe: 'Adaptive: a level ends when throughput and latency are known to within so many %',
  },
  'min-time': { ...text, defaultDescription: '2s', describe: 'Adaptive: at least so long a level, 500ms, 2s or 1m' },
  'max-time': { ...text, defaultDescription: '20s', describe: 'Adaptive: at most so long a level' },
  certify: {
    ...text,
    describe: 'Each level ends as PASS, FAIL or UNDECIDED (after --max-time): perf_latency_p99<=15ms@99%',
  },
  'find-max-rate': {
    ...text,
    describe: 'Find the largest open-loop rate within a limit, in at most 12 probes: perf_latency_p99<=50ms',
  },
  ...scenarioFlags,
  ...cacheTestFlags,
  p: {
    ...text,
    alias: 'measurement-interval',
    defaultDescription: windowDefaults.intervalMs,
    describe: 'Length of a time window, in ms',
  },
  'measurement-request-count': {
    ...text,
    defaultDescription: windowDefaults.requestCount,
    describe: 'Requests in a count window',
  },
  s: {
    ...text,
    alias: 'stability-percentage',
    defaultDescription: windowDefaults.stabilityPercent,
    describe: 'How far the last 3 windows may lie apart, in %',
  },
  r: {
    ...text,
    alias: 'max-trials',
    defaultDescription: windowDefaults.maxTrials,
    describe: 'Largest number of windows for a level',
  },
  percentile: {
    ...text,
    describe: 'Judge precision, stability and limit by this percentile',
    defaultDescription: 'the mean',
  },
  'max-error-rate': { ...text, default: '1', describe: 'A level is invalid when more of its requests fail, in %' },
} as const;

/** As yargs gives them. */
export interface MeasurementFlags extends ScenarioFlags {
  readonly detectCache?: boolean;
  readonly measurementMode: string | undefined;
  readonly precision: string | undefined;
  readonly minTime: string | undefined;
  readonly maxTime: string | undefined;
  readonly certify: string | undefined;
  readonly findMaxRate: string | undefined;
  readonly p: string | undefined;
  readonly measurementRequestCount: string | undefined;
  readonly s: string | undefined;
  readonly r: string | undefined;
  readonly percentile: string | undefined;
  readonly maxErrorRate: string;
}

/** @throws PerfError `usage` that names the flag, what was expected and what was got */
export function measurementSettings(
  flags: MeasurementFlags,
  { exactRequests, warmupRequests, silenceLimitMs }: RequestSettings,
  load: LoadSettings,
): MeasurementSettings {
  if (flags.detectCache)
    return cacheTest(flags, { exactRequests, warmupRequests, requestTimeoutMs: undefined, silenceLimitMs });
  const mode = exactRequests === undefined ? modeOf(flags, load) : 'request_count';
  const scenario = scenarioOf(flags, mode === 'adaptive');
  const maxRate = maxRateSettings(flags, mode === 'adaptive');
  const percentile = percentileOf(flags) ?? maxRate?.percentile ?? scenario?.percentile;
  const windows = windowSettings(flags);
  return {
    mode,
    ...windows,
    ...(scenario === undefined ? untilAnswered(flags, mode === 'adaptive', maxRate) : holding(scenario)),
    requestCount: exactRequests ?? windows.requestCount,
    warmupRequestCount: warmupRequests,
    silenceLimitMs,
    maxErrorRatePercent: parsePercent('--max-error-rate', flags.maxErrorRate),
    ...(percentile === undefined ? {} : { percentile }),
  };
}

function cacheTest(flags: MeasurementFlags, requests: RequestSettings): MeasurementSettings {
  const given = [
    ...Object.entries(otherMeasurements).flatMap(([name, flag]) =>
      flags[name as keyof typeof otherMeasurements] === undefined ? [] : [flag],
    ),
    ...(requests.exactRequests === undefined ? [] : ['--request-count']),
    ...(requests.warmupRequests === 0 ? [] : ['--warmup-request-count']),
  ];
  return {
    ...windowSettings(flags),
    ...cacheTestMeasurement(given),
    warmupRequestCount: 0,
    silenceLimitMs: requests.silenceLimitMs,
    maxErrorRatePercent: parseNumber('--max-error-rate', flags.maxErrorRate, 0),
  };
}

/** What a cache test has no use for. */
const otherMeasurements = {
  measurementMode: '--measurement-mode',
  precision: '--precision',
  minTime: '--min-time',
  maxTime: '--max-time',
  certify: '--certify',
  findMaxRate: '--find-max-rate',
  scenario: '--scenario',
  percentile: '--percentile',
  p: '-p',
  measurementRequestCount: '--measurement-request-count',
  s: '-s',
  r: '-r',
} as const;

const percentileOf = ({ percentile }: MeasurementFlags): number | undefined =>
  percentile === undefined ? undefined : parsePercentile('--percentile', percentile);

const holding = (scenario: ScenarioSettings) => ({ scenario, ...shortWindows(scenario.minMs, scenario.maxMs) });

const untilAnswered = (flags: MeasurementFlags, isAdaptive: boolean, maxRate: MaxRateSettings | undefined) =>
  maxRate === undefined ? untilSure(flags, isAdaptive) : probing(maxRate);

const probing = (maxRate: MaxRateSettings) => ({
  maxRate,
  ...shortWindows(Math.min(adaptiveWindowMs, maxRate.maxMs / 4), maxRate.maxMs),
});

const windowSettings = (flags: MeasurementFlags) => ({
  intervalMs: parseInteger('--measurement-interval', flags.p ?? windowDefaults.intervalMs, 1),
  requestCount: parseInteger(
    '--measurement-request-count',
    flags.measurementRequestCount ?? windowDefaults.requestCount,
    1,
  ),
  stabilityPercent: parseNumber('--stability-percentage', flags.s ?? windowDefaults.stabilityPercent, 0),
  maxTrials: parseInteger('--max-trials', flags.r ?? windowDefaults.maxTrials, 1),
});

type UntilSure = Pick<MeasurementSettings, 'adaptive' | 'certify'> &
  Partial<Pick<MeasurementSettings, 'intervalMs' | 'maxTrials'>>;

/** What an adaptive measurement, or one that certifies, has in place of windows that are compared. */
function untilSure(flags: MeasurementFlags, isAdaptive: boolean): UntilSure {
  const certify = certifySettings(flags, isAdaptive);
  if (certify !== undefined) return { certify, ...shortWindows(certify.maxMs, certify.maxMs) };
  const adaptive = adaptiveSettings(flags, isAdaptive);
  return adaptive === undefined ? {} : { adaptive, ...shortWindows(adaptive.minMs, adaptive.maxMs) };
}

function shortWindows(minMs: number, maxMs: number): { intervalMs: number; maxTrials: number } {
  const intervalMs = Math.min(adaptiveWindowMs, minMs);
  return { intervalMs, maxTrials: Math.ceil(maxMs / intervalMs) };
}

function modeOf(flags: MeasurementFlags, load: LoadSettings): MeasurementSettings['mode'] {
  const window = [
    ['-p', flags.p],
    ['-s', flags.s],
    ['-r', flags.r],
    ['--measurement-request-count', flags.measurementRequestCount],
  ].find(([, value]) => value !== undefined)?.[0];
  if (flags.measurementMode === undefined) {
    return window === undefined && !changes(load) ? 'adaptive' : 'time_windows';
  }
  const mode = oneOf('--measurement-mode', flags.measurementMode, ['adaptive', 'time_windows', 'count_windows']);
  if (mode === 'adaptive' && window !== undefined) {
    throw new PerfError(
      'usage',
      `Cannot use ${window} with --measurement-mode adaptive: expected one of them, got both`,
      {
        hint: 'Windows that are compared belong to time_windows and count_windows; see --precision, --min-time, --max-time.',
      },
    );
  }
  if (mode === 'adaptive' && changes(load)) {
    throw new PerfError(
      'usage',
      'Cannot use --measurement-mode adaptive: expected a load that stays the same, got one that changes over time',
    );
  }
  return mode;
}

/** Such a load never settles by itself. */
const changes = (load: LoadSettings): boolean =>
  load.kind === 'periodic-concurrency' ||
  (isOpenLoop(load) && !(load.kind === 'request-rate' && load.shape.kind === 'constant'));

function certifySettings(
  { certify, precision, minTime, maxTime }: MeasurementFlags,
  isAdaptive: boolean,
): CertifySettings | undefined {
  if (certify === undefined) return undefined;
  const other = precision === undefined ? (minTime === undefined ? undefined : '--min-time') : '--precision';
  if (!isAdaptive || other !== undefined) {
    throw new PerfError(
      'usage',
      `Cannot use --certify with ${other ?? 'windows or a count'}: expected it alone or with --max-time`,
    );
  }
  return { ...parseCertify('--certify', certify), maxMs: durationOf('--max-time', maxTime) ?? certifyMaxMs };
}

/** A scenario says by itself how long a level lasts, and which percentile counts. */
function scenarioOf(flags: MeasurementFlags, isAdaptive: boolean): ScenarioSettings | undefined {
  const scenario = scenarioSettings(flags);
  if (scenario === undefined) return undefined;
  const other = [
    ['--certify', flags.certify],
    ['--find-max-rate', flags.findMaxRate],
    ['--precision', flags.precision],
    ['--percentile', flags.percentile],
  ].find(([, value]) => value !== undefined)?.[0];
  if (!isAdaptive || other !== undefined) {
    throw new PerfError(
      'usage',
      `Cannot use --scenario with ${other ?? 'windows or a count'}: expected it alone or with --min-time, --max-time and --min-queries`,
    );
  }
  return scenario;
}

function maxRateSettings(flags: MeasurementFlags, isAdaptive: boolean): MaxRateSettings | undefined {
  const { findMaxRate, maxTime } = flags;
  if (findMaxRate === undefined) return undefined;
  const other = [
    ['--certify', flags.certify],
    ['--precision', flags.precision],
    ['--min-time', flags.minTime],
    ['--percentile', flags.percentile],
  ].find(([, value]) => value !== undefined)?.[0];
  if (!isAdaptive || other !== undefined) {
    throw new PerfError(
      'usage',
      `Cannot use --find-max-rate with ${other ?? 'windows or a count'}: expected it alone or with --max-time`,
    );
  }
  const limit = parseMaxRateLimit('--find-max-rate', findMaxRate);
  const leastMs = probeLimits * limit.limitMs;
  const maxMs = durationOf('--max-time', maxTime) ?? Math.max(probeMaxMs, leastMs);
  if (maxMs < leastMs) {
    throw badFlag(
      '--max-time',
      `at least ${leastMs}ms, ${probeLimits} times the limit of --find-max-rate`,
      `${maxTime}`,
    );
  }
  return { ...limit, maxMs, maxProbes };
}

function adaptiveSettings(
  { precision, minTime, maxTime }: MeasurementFlags,
  isAdaptive: boolean,
): AdaptiveSettings | undefined {
  const given = [
    ['--precision', precision],
    ['--min-time', minTime],
    ['--max-time', maxTime],
  ].find(([, value]) => value !== undefined)?.[0];
  if (!isAdaptive) {
    if (given === undefined) return undefined;
    throw new PerfError('usage', `Cannot use ${given}: expected an adaptive measurement, got windows or a count`, {
      hint: 'Leave out -p, -s, -r, --measurement-request-count and --request-count; loads that change over time have windows.',
    });
  }
  const precisionPercent = parseNumber('--precision', precision ?? String(defaults.precisionPercent), 0);
  if (precisionPercent === 0) throw badFlag('--precision', 'a number above 0', String(precision));
  const longest = durationOf('--max-time', maxTime);
  const shortest = durationOf('--min-time', minTime);
  const maxMs = longest ?? Math.max(defaults.maxMs, shortest ?? 0);
  const minMs = shortest ?? Math.min(defaults.minMs, maxMs);
  if (minMs > maxMs) throw badFlag('--min-time', `at most --max-time ${maxTime}`, String(minTime));
  return { precisionPercent, minMs, maxMs };
}
