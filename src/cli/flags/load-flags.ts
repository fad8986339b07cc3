import type { Argv } from 'yargs';
import { PerfError } from '../../core/perf-error.js';
import type { Arrivals, LevelRange, LoadSettings } from '../../core/run.js';
import { badFlag, parseInteger, parseNumber, parseRange } from './parse.js';

/** The flags that choose the load, as yargs gives them. */
export interface LoadFlags {
  readonly concurrencyRange: string | undefined;
  readonly requestRateRange: string | undefined;
  readonly requestDistribution: string | undefined;
  readonly burstiness: string | undefined;
  readonly maxInFlight: string | undefined;
  readonly latencyThreshold: string | undefined;
}

export function loadFlags<Flags>(yargs: Argv<Flags>) {
  const text = { type: 'string', requiresArg: true, group: 'Load:' } as const;
  return yargs
    .option('concurrency-range', {
      ...text,
      defaultDescription: '1',
      describe: 'Closed loop: requests in flight, start:end:step; end 0 = until -l is reached',
    })
    .option('request-rate-range', {
      ...text,
      describe: 'Open loop: requests a second, start:end:step; end 0 = until -l is reached',
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
    .option('max-in-flight', {
      ...text,
      defaultDescription: String(defaultMaxInFlight),
      describe: 'Open loop: a request that is due while so many are outstanding is dropped, and counted',
    })
    .option('latency-threshold', { ...text, alias: 'l', describe: 'Stop the sweep at this latency, in ms' });
}

/** A server that stalls for half a second at 2,000 requests a second makes so many outstanding. */
const defaultMaxInFlight = 1024;
/** More connections than a host has ports for. */
const largestMaxInFlight = 65_535;

/** @throws PerfError `usage` that names the flag, what was expected and what was got */
export function loadSettings(flags: LoadFlags): { load: LoadSettings; latencyLimitMs?: number } {
  const limitMs = flags.latencyThreshold === undefined ? 0 : parseNumber('-l', flags.latencyThreshold, 0);
  const load = flags.requestRateRange === undefined ? closedLoop(flags) : openLoop(flags, flags.requestRateRange);
  if (load.range.end === 0 && limitMs === 0) {
    const [flag, value] =
      load.kind === 'concurrency'
        ? ['--concurrency-range', flags.concurrencyRange]
        : ['--request-rate-range', flags.requestRateRange];
    throw new PerfError('usage', `Cannot use ${flag} ${value}: expected -l with an open end, got no latency limit`);
  }
  return { load, ...(limitMs === 0 ? {} : { latencyLimitMs: limitMs }) };
}

function closedLoop(flags: LoadFlags): LoadSettings {
  for (const [flag, value] of [
    ['--request-distribution', flags.requestDistribution],
    ['--burstiness', flags.burstiness],
    ['--max-in-flight', flags.maxInFlight],
  ]) {
    if (value !== undefined) throw needs(`${flag} ${value}`, '--request-rate-range');
  }
  return { kind: 'concurrency', range: parseRange('--concurrency-range', flags.concurrencyRange ?? '1') };
}

function openLoop(flags: LoadFlags, rateRange: string): LoadSettings {
  if (flags.concurrencyRange !== undefined) {
    throw new PerfError(
      'usage',
      'Cannot use --concurrency-range with --request-rate-range: expected one of them, got both',
      { hint: 'Concurrency is a closed loop, a request rate an open one.' },
    );
  }
  const maxInFlight = parseInteger('--max-in-flight', flags.maxInFlight ?? String(defaultMaxInFlight), 1);
  if (maxInFlight > largestMaxInFlight) {
    throw badFlag('--max-in-flight', `an integer up to ${largestMaxInFlight}`, String(maxInFlight));
  }
  return {
    kind: 'request-rate',
    range: parseRateRange('--request-rate-range', rateRange),
    arrivals: parseArrivals(flags),
    maxInFlight,
  };
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

const needs = (given: string, needed: string): PerfError =>
  new PerfError('usage', `Cannot use ${given}: expected ${needed} with it, got none`);
