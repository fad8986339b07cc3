import type { CacheTest } from '../src/core/cache-test.js';

/** One sentence. */
export function describeCacheTest({ verdict, rounds, newMs, repeatedMs, ratio }: CacheTest): string {
  if (ratio === undefined || newMs === undefined || repeatedMs === undefined) {
    return `Cache: undecided, only ${rounds} rounds were answered.`;
  }
  const { value, low, high } = ratio;
  const times =
    `repeated inputs are answered ${figure(value)} times as fast as new ones (${figure(low)} to ${figure(high)} at 99 %): ` +
    `${figure(repeatedMs)} and ${figure(newMs)} ms, ${rounds} rounds`;
  return `Cache: ${endings[verdict](times)}`;
}

const endings: Readonly<Record<CacheTest['verdict'], (times: string) => string>> = {
  found: (times) => `found, ${times}. Measure with inputs that do not come again, or switch it off.`,
  'not-found': (times) => `not found, ${times}.`,
  undecided: (times) => `undecided, ${times}. Too noisy, or requests failed: measure again on a quiet machine.`,
};

const figure = (value: number): string => String(Number(value.toPrecision(3)));
