import { badFlag } from './parse.js';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** A time such as 500ms, 10s or 2m; `undefined` when it is not one, or none at all. */
export function milliseconds(text: string): number | undefined {
  const [, amount = '', unit = ''] = /^(\d+\.?\d*|\.\d+)(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(amount) * (unitsMs[unit] ?? Number.NaN);
  return ms > 0 ? ms : undefined;
}

/** In ms; `undefined` when the flag was not given. */
export function durationOf(flag: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const ms = milliseconds(given);
  if (ms === undefined || ms < 10) throw badFlag(flag, 'a time of at least 10ms, such as 500ms, 10s or 2m', given);
  return ms;
}
