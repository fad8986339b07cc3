import { cacheTestRequests } from '../../../analyzer/limits/cache-turns.js';
import type { LoadSettings } from '../../core/load.js';
import { PerfError } from '../../core/perf-error.js';
import type { MeasurementSettings } from '../../core/run-settings.js';

const flag = '--detect-cache';

export const cacheTestFlags = {
  'detect-cache': {
    type: 'boolean',
    default: false,
    group: 'Measurement:',
    describe: 'Say whether inputs that come again are answered faster than new ones, one request at a time',
  },
} as const;

/**
 * The load of a cache test.
 *
 * @param given flags that choose another one
 * @throws PerfError `usage`
 */
export function oneAtATime([other]: readonly string[]): LoadSettings {
  if (other !== undefined) throw beside(other);
  return { kind: 'concurrency', range: { start: 1, end: 1, step: 1 }, search: 'linear' };
}

/**
 * The measurement of a cache test.
 *
 * @param given flags that choose another one
 * @throws PerfError `usage`
 */
export function cacheTestMeasurement([other]: readonly string[]): Pick<
  MeasurementSettings,
  'mode' | 'requestCount' | 'detectsCache'
> {
  if (other !== undefined) throw beside(other);
  return { mode: 'request_count', requestCount: cacheTestRequests, detectsCache: true };
}

/** A server may still keep the answers to inputs of an earlier run: those of this one are new unless the user says otherwise. */
export const newSeed = (): number => Date.now() % 2 ** 31;

const beside = (other: string): PerfError =>
  new PerfError('usage', `Cannot use ${flag} with ${other}: expected one of them, got both`);
