import type { Argv } from 'yargs';
import type { LoadSettings } from '../../core/load.js';
import { PerfError } from '../../core/perf-error.js';
import { parseInteger } from './parse.js';

/** The flags that say how many requests are sent, and how long one may take. */
export interface RequestFlags {
  readonly requestCount: string | undefined;
  readonly warmupRequestCount: string | undefined;
  readonly requestTimeout: string | undefined;
}

export function requestFlags<Flags>(yargs: Argv<Flags>) {
  const text = { type: 'string', requiresArg: true } as const;
  return yargs
    .option('request-count', {
      ...text,
      describe: 'Send exactly so many requests at each level, as one window',
      group: 'Measurement:',
    })
    .option('warmup-request-count', {
      ...text,
      defaultDescription: '0',
      describe: 'Send so many requests before each level, unrecorded',
      group: 'Measurement:',
    })
    .option('request-timeout', {
      ...text,
      defaultDescription: 'none',
      describe: 'A request without a complete answer after so many ms has failed',
      group: 'Load:',
    });
}

export interface RequestSettings {
  readonly exactRequests: number | undefined;
  readonly warmupRequests: number;
  readonly requestTimeoutMs: number | undefined;
  /** How long a count of requests waits while none is answered. */
  readonly silenceLimitMs: number;
}

/** On top of the time that a request is given. */
const longestSilenceMs = 60_000;

/** @throws PerfError `usage` that names the flag, what was expected and what was got */
export function requestSettings(flags: RequestFlags, load: LoadSettings): RequestSettings {
  const exactRequests = optional('--request-count', flags.requestCount, 1);
  if (load.kind === 'fixed-schedule' && exactRequests !== undefined) {
    throw new PerfError('usage', 'Cannot use --request-count with --fixed-schedule: expected one of them, got both', {
      hint: 'A fixed schedule has as many requests as its data has steps.',
    });
  }
  const outstanding = largestConcurrency(load);
  if (exactRequests !== undefined && exactRequests < outstanding) {
    throw new PerfError(
      'usage',
      `Cannot use --request-count ${exactRequests}: expected at least the concurrency ${outstanding}, got ${exactRequests}`,
    );
  }
  const requestTimeoutMs = optional('--request-timeout', flags.requestTimeout, 1);
  return {
    exactRequests: load.kind === 'fixed-schedule' ? load.timestampsMs.length : exactRequests,
    warmupRequests: optional('--warmup-request-count', flags.warmupRequestCount, 0) ?? 0,
    requestTimeoutMs,
    silenceLimitMs: longestSilenceMs + (requestTimeoutMs ?? 0),
  };
}

function largestConcurrency(load: LoadSettings): number {
  if (load.kind === 'periodic-concurrency') return load.end;
  return load.kind === 'concurrency' ? Math.max(load.range.start, load.range.end) : 1;
}

const optional = (flag: string, text: string | undefined, minimum: number): number | undefined =>
  text === undefined ? undefined : parseInteger(flag, text, minimum);
