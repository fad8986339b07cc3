import { PerfError } from '../../core/perf-error.js';

export const rateLimitModes = ['off', 'execution_count'] as const;

export type RateLimitMode = (typeof rateLimitModes)[number];

const flag = '--rate-limit-resource';

/**
 * Copies of each resource, names in lower case; `undefined` when instances are not limited. Resources of single devices are
 * those of GPUs, which this server has none of.
 *
 * @throws PerfError `usage` for what is not `NAME:COUNT[:DEVICE]`, and for resources without the limiter
 */
export function rateLimit(mode: RateLimitMode, values: readonly string[]): ReadonlyMap<string, number> | undefined {
  const [first] = values;
  if (mode === 'off' && first !== undefined) {
    throw new PerfError('usage', `Cannot use ${flag} ${first} with --rate-limit off: expected execution_count`);
  }
  const pools = new Map<string, number>();
  for (const text of values) {
    const [, name, count, device] = /^([^:]+):(\d{1,9})(?::(\d{1,3}))?$/.exec(text) ?? [];
    if (name === undefined)
      throw new PerfError('usage', `Cannot use ${flag}: expected NAME:COUNT[:DEVICE], got '${text}'`);
    if (device === undefined) pools.set(name.toLowerCase(), Number(count));
  }
  return mode === 'off' ? undefined : pools;
}
