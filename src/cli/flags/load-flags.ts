import type { Argv } from 'yargs';
import type { Arrivals, LevelRange, LoadSettings, SweptLoadSettings } from '../../core/load.js';
import { isSwept } from '../../core/load-name.js';
import { PerfError } from '../../core/perf-error.js';
import { oneAtATime } from './cache-test-flags.js';
import { readTimestamps } from './fixed-schedule.js';
import { loadShapeForms, parseLoadShape } from './load-shape.js';
import { badFlag, parseInteger, parseNumber, parseRange } from './parse.js';
import { readRequestIntervals } from './request-intervals.js';
import { scenarioLoad } from './scenario-flags.js';

/** The flags that choose the load, as yargs gives them. */
export interface LoadFlags {
  readonly detectCache?: boolean;
  readonly concurrencyRange: string | undefined;
  readonly requestRateRange: string | undefined;
  readonly requestIntervals: string | undefined;
  readonly periodicConcurrencyRange: string | undefined;
  readonly requestPeriod: string | undefined;
  readonly fixedSchedule: boolean;
  /** Where the times of a fixed schedule are. */
  readonly inputData: readonly string[];
  readonly requestDistribution: string | undefined;
  readonly burstiness: string | undefined;
  readonly loadShape: string | undefined;
  readonly maxInFlight: string | undefined;
  readonly latencyThreshold: string | undefined;
  readonly binarySearch: boolean;
  readonly findKnee?: boolean;
  /** Its limit is a matter of the measurement. */
  readonly findMaxRate?: string | undefined;
  readonly scenario?: string | undefined;
}

export function loadFlags<Flags>(yargs: Argv<Flags>) {
  const text = { type: 'string', requiresArg: true, group: 'Load:' } as const;
  return yargs
    .option('concurrency-range', {
      ...text,
      defaultDescription: '1',
      describe: 'Closed loop: requests in flight, start:end:step; end 0 = until -l is reached',
    })
    .option('periodic-concurrency-range', {
      ...text,
      describe: 'Closed loop that grows within its level: requests in flight, start:end:step',
    })
    .option('request-period', {
      ...text,
      defaultDescription: String(defaultRequestPeriod),
      describe: 'Answers that each of the requests added last must get before the load grows',
    })
    .option('request-rate-range', {
      ...text,
      describe: 'Open loop: requests a second, start:end:step; end 0 = until -l is reached',
    })
    .option('request-intervals', {
      ...text,
      describe: 'Open loop: a file with the microseconds between requests, one number a line, over and over',
    })
    .option('fixed-schedule', {
      type: 'boolean',
      default: false,
      group: 'Load:',
      describe: 'Open loop: each step of the --input-data files at its "timestamp" in ms, once',
    })
    .option('request-distribution', {
      ...text,
      defaultDescription: 'constant',
      describe: 'Open loop: gaps between requests, constant, poisson or gamma',
    })
    .option('burstiness', {
      ...text,
      alias: 'gamma-shape',
      describe: 'Shape of the gamma distribution: 1 = poisson, below 1 = burstier, above 1 = more regular',
    })
    .option('load-shape', {
      ...text,
      defaultDescription: 'constant',
      describe: `Open loop: what the rate is multiplied by over time, ${loadShapeForms}`,
    })
    .option('max-in-flight', {
      ...text,
      defaultDescription: String(defaultMaxInFlight),
      describe: 'Open loop: a request that is due while so many are outstanding is dropped, and counted',
    })
    .option('latency-threshold', { ...text, alias: 'l', describe: 'Stop the sweep at this latency, in ms' })
    .option('binary-search', {
      type: 'boolean',
      default: false,
      group: 'Load:',
      describe: 'Search the range for the highest level below -l, to within its step',
    })
    .option('find-knee', {
      type: 'boolean',
      default: false,
      group: 'Load:',
      describe: 'Find the concurrency from which on throughput is saturated, by doubling it',
    });
}

const defaultRequestPeriod = 10;
/** Of a search for the knee. */
const mostKneeConcurrency = 256;
/** Of a search for the largest rate, in requests a second. */
const defaultFirstRate = 100;
/** A server that stalls for half a second at 2,000 requests a second makes so many outstanding. */
const defaultMaxInFlight = 1024;
/** More connections than a host has ports for. */
const largestMaxInFlight = 65_535;

/** The flags of which a run has at most one: what kind of load it is. */
const modes = [
  ['--concurrency-range', 'concurrencyRange'],
  ['--request-rate-range', 'requestRateRange'],
  ['--request-intervals', 'requestIntervals'],
  ['--periodic-concurrency-range', 'periodicConcurrencyRange'],
  ['--fixed-schedule', 'fixedSchedule'],
] as const;

/** @throws PerfError `usage` that names the flag, what was expected and what was got */
export function loadSettings(flags: LoadFlags): { load: LoadSettings; latencyLimitMs?: number } {
  if (flags.detectCache) return { load: oneAtATime(givenLoads(flags)) };
  if (flags.scenario !== undefined) return { load: loadOfScenario(flags, flags.scenario) };
  const limitMs = flags.latencyThreshold === undefined ? 0 : parseNumber('-l', flags.latencyThreshold, 0);
  const given = modes.filter(([, name]) => flags[name] !== undefined && flags[name] !== false);
  const [first, second] = given;
  if (first !== undefined && second !== undefined) {
    throw new PerfError('usage', `Cannot use ${first[0]} with ${second[0]}: expected one of them, got both`, {
      hint: 'Concurrency is a closed loop; a request rate and request intervals are open ones.',
    });
  }
  if (flags.findMaxRate !== undefined) return { load: maxRateLoad(flags, first?.[0]) };
  const load = flags.findKnee ? kneeLoad(flags, first?.[0]) : loadOf(flags);
  if (isSwept(load)) checkRange(load, limitMs, flags);
  else if (flags.binarySearch) throw needs('--binary-search', 'a range');
  return { load, ...(limitMs === 0 ? {} : { latencyLimitMs: limitMs }) };
}

function loadOf(flags: LoadFlags): LoadSettings {
  if (flags.requestRateRange !== undefined) return requestRate(flags, flags.requestRateRange);
  refuseWithout('--request-rate-range', [
    ['--request-distribution', flags.requestDistribution],
    ['--burstiness', flags.burstiness],
    ['--load-shape', flags.loadShape],
  ]);
  if (flags.requestIntervals !== undefined) {
    const intervalsUs = readRequestIntervals('--request-intervals', flags.requestIntervals);
    return { kind: 'request-intervals', intervalsUs, maxInFlight: parseMaxInFlight(flags) };
  }
  if (flags.fixedSchedule) {
    const timestampsMs = readTimestamps(flags.inputData);
    return { kind: 'fixed-schedule', timestampsMs, maxInFlight: parseMaxInFlight(flags) };
  }
  refuseWithout('--request-rate-range', [['--max-in-flight', flags.maxInFlight]]);
  if (flags.periodicConcurrencyRange !== undefined) {
    return periodicConcurrency(flags.periodicConcurrencyRange, flags.requestPeriod);
  }
  refuseWithout('--periodic-concurrency-range', [['--request-period', flags.requestPeriod]]);
  const range = parseRange('--concurrency-range', flags.concurrencyRange ?? '1');
  return { kind: 'concurrency', range, search: searchOf(flags) };
}

const loadOfScenario = (flags: LoadFlags, scenario: string): LoadSettings =>
  scenarioLoad({ ...flags, scenario, maxInFlight: parseMaxInFlight(flags) }, givenLoads(flags));

/** The flags that say what the load is, as far as they are given. */
const givenLoads = (flags: LoadFlags): string[] => [
  ...modes.filter(([, name]) => flags[name] !== undefined && flags[name] !== false).map(([flag]) => flag),
  ...(flags.latencyThreshold === undefined ? [] : ['-l']),
  ...(flags.binarySearch ? ['--binary-search'] : []),
  ...(flags.findKnee ? ['--find-knee'] : []),
  ...(flags.requestDistribution === undefined ? [] : ['--request-distribution']),
  ...(flags.loadShape === undefined ? [] : ['--load-shape']),
];

/** Doubles the concurrency from the start of the range on. */
function kneeLoad(flags: LoadFlags, given = '--concurrency-range'): LoadSettings {
  const other = flags.binarySearch ? '--binary-search' : given;
  if (other !== '--concurrency-range') {
    throw new PerfError('usage', `Cannot use --find-knee with ${other}: expected one of them, got both`);
  }
  const range = parseRange('--concurrency-range', flags.concurrencyRange ?? `1:${mostKneeConcurrency}`);
  if (range.end <= range.start) {
    throw badFlag(
      '--concurrency-range',
      'start:end with an end above the start, with --find-knee',
      `${flags.concurrencyRange}`,
    );
  }
  return { kind: 'concurrency', range, search: 'knee' };
}

/** A search for the largest rate, which begins at that of `--request-rate-range`. */
function maxRateLoad(flags: LoadFlags, given: string | undefined): LoadSettings {
  const other = [
    [given, given !== undefined && given !== '--request-rate-range'],
    ['-l', flags.latencyThreshold !== undefined],
    ['--binary-search', flags.binarySearch],
    ['--find-knee', flags.findKnee === true],
    ['--load-shape', flags.loadShape !== undefined],
  ].find(([, isGiven]) => isGiven)?.[0];
  if (other !== undefined) {
    throw new PerfError('usage', `Cannot use --find-max-rate with ${other}: expected one of them, got both`);
  }
  const start = flags.requestRateRange ?? String(defaultFirstRate);
  if (start.includes(':')) throw badFlag('--request-rate-range', 'one rate to begin --find-max-rate at', start);
  const load = requestRate(flags, start);
  return { ...load, range: { ...load.range, end: 0 }, search: 'max-rate' };
}

function requestRate(flags: LoadFlags, rateRange: string): Extract<LoadSettings, { kind: 'request-rate' }> {
  return {
    kind: 'request-rate',
    range: parseRateRange('--request-rate-range', rateRange),
    search: searchOf(flags),
    arrivals: parseArrivals(flags),
    shape: parseLoadShape('--load-shape', flags.loadShape ?? 'constant'),
    maxInFlight: parseMaxInFlight(flags),
  };
}

function periodicConcurrency(text: string, period = String(defaultRequestPeriod)): LoadSettings {
  const flag = '--periodic-concurrency-range';
  const { start, end, step } = parseRange(flag, text);
  if (!text.includes(':') || end === 0 || (end - start) % step !== 0) {
    throw badFlag(flag, 'start:end[:step] with an end that is whole steps from the start, such as 10:50:10', text);
  }
  const requestPeriod = parseInteger('--request-period', period, 1);
  return { kind: 'periodic-concurrency', start, end, step, requestPeriod };
}

const searchOf = ({ binarySearch }: LoadFlags): 'linear' | 'binary' => (binarySearch ? 'binary' : 'linear');

function checkRange(
  { kind, range }: SweptLoadSettings,
  limitMs: number,
  { concurrencyRange, requestRateRange, binarySearch }: LoadFlags,
): void {
  const given =
    kind === 'concurrency'
      ? `--concurrency-range ${concurrencyRange ?? '1'}`
      : `--request-rate-range ${requestRateRange}`;
  if (binarySearch && range.end <= range.start) {
    throw new PerfError('usage', `Cannot use --binary-search: expected an end above the start, got ${given}`);
  }
  if (limitMs > 0 || (range.end !== 0 && !binarySearch)) return;
  throw needs(binarySearch ? '--binary-search' : `${given} (an open end)`, 'a latency limit (-l)');
}

function parseMaxInFlight({ maxInFlight }: LoadFlags): number {
  const value = parseInteger('--max-in-flight', maxInFlight ?? String(defaultMaxInFlight), 1);
  if (value > largestMaxInFlight) {
    throw badFlag('--max-in-flight', `an integer up to ${largestMaxInFlight}`, String(value));
  }
  return value;
}

function parseArrivals({ requestDistribution: distribution = 'constant', burstiness }: LoadFlags): Arrivals {
  if (distribution !== 'gamma' && burstiness !== undefined) {
    throw needs(`--burstiness ${burstiness}`, '--request-distribution gamma');
  }
  switch (distribution) {
    case 'constant':
    case 'poisson':
      return { kind: distribution };
    case 'gamma': {
      if (burstiness === undefined) throw needs('--request-distribution gamma', '--burstiness');
      const shape = parseNumber('--burstiness', burstiness, 0);
      if (shape < smallestShape) throw badFlag('--burstiness', `a number of at least ${smallestShape}`, burstiness);
      return { kind: 'gamma', shape };
    }
    default:
      throw badFlag('--request-distribution', 'constant, poisson, gamma', distribution);
  }
}

/** Below this nearly all gaps are 0. */
const smallestShape = 0.01;

/** `--request-rate-range start[:end[:step]]`, in requests a second. An end of 0 is open: until the latency limit. */
function parseRateRange(flag: string, text: string): LevelRange {
  const expected = 'start[:end[:step]] with positive numbers, such as 100:1000:100 or 0.5';
  const parts = text.split(':');
  if (parts.length > 3) throw badFlag(flag, expected, text);
  const [start = 0, end = start, step = 1] = parts.map((part) => parseRate(part));
  if (!(start > 0 && step > 0 && end >= 0)) throw badFlag(flag, expected, text);
  if (end !== 0 && end < start) throw badFlag(flag, `an end of at least the start ${start} (or 0 for no end)`, text);
  return { start, end, step };
}

const parseRate = (text: string): number => (/^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN);

function refuseWithout(needed: string, given: readonly (readonly [flag: string, value: string | undefined])[]): void {
  for (const [flag, value] of given) {
    if (value !== undefined) throw needs(`${flag} ${value}`, needed);
  }
}

const needs = (given: string, needed: string): PerfError =>
  new PerfError('usage', `Cannot use ${given}: expected ${needed} with it, got none`);
