import { PerfError } from '../../core/perf-error.js';

/** A refusal of a flag's value in one line: the flag, what was expected, what was got. */
export function badFlag(flag: string, expected: string, got: string): PerfError {
  return new PerfError('usage', `Cannot use ${flag}: expected ${expected}, got '${got}'`);
}

/** @throws PerfError `usage` unless `text` is one of the choices */
export function oneOf<const Choice extends string>(flag: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw badFlag(flag, choices.join(', '), text);
  return found;
}

/** @throws PerfError `usage` unless `text` is a whole decimal number of at least `minimum` */
export function parseInteger(flag: string, text: string, minimum: number): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value) || value < minimum) {
    throw badFlag(flag, `an integer of at least ${minimum}`, text);
  }
  return value;
}

/** @throws PerfError `usage` unless `text` is a decimal number of at least `minimum` */
export function parseNumber(flag: string, text: string, minimum: number): number {
  const value = Number(text);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) || !Number.isFinite(value) || value < minimum) {
    throw badFlag(flag, `a number of at least ${minimum}`, text);
  }
  return value;
}

/** @throws PerfError `usage` unless `text` is a decimal number from 0 to 100 */
export function parsePercent(flag: string, text: string): number {
  const value = parseNumber(flag, text, 0);
  if (value > 100) throw badFlag(flag, 'a number from 0 to 100', text);
  return value;
}

/** `--percentile`: above 0 and below 100. */
export function parsePercentile(flag: string, text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value < 100)) throw badFlag(flag, 'a percentile above 0 and below 100', text);
  return value;
}

/** More connections than a host has ports for. */
export const largestConcurrency = 65_535;

/** `--concurrency-range start[:end[:step]]`. An end of 0 is open: until the latency limit. */
export function parseRange(flag: string, text: string): { start: number; end: number; step: number } {
  const parts = text.split(':');
  const expected = 'start[:end[:step]] with positive integers, such as 1:8 or 2:16:2';
  if (parts.length > 3 || parts.some((part) => !/^\d+$/.test(part))) throw badFlag(flag, expected, text);
  const [start = 0, end = start, step = 1] = parts.map(Number);
  if (start < 1 || step < 1) throw badFlag(flag, expected, text);
  if (Math.max(start, end, step) > largestConcurrency) {
    throw badFlag(flag, `numbers up to ${largestConcurrency}`, text);
  }
  if (end !== 0 && end < start) throw badFlag(flag, `an end of at least the start ${start} (or 0 for no end)`, text);
  return { start, end, step };
}

const schemes = {
  http: { 'http://': { prefix: '', port: 80 }, 'https://': { prefix: 'https://', port: 443 } },
  grpc: { 'grpc://': { prefix: '', port: undefined }, 'grpcs://': { prefix: 'grpcs://', port: 443 } },
} as const;

/**
 * `-u host:port`, or with a scheme of the protocol. Gives `host:port`, for a server with TLS `https://host:port` or
 * `grpcs://host:port`.
 */
export function parseUrl(flag: string, text: string, protocol: 'http' | 'grpc'): string {
  const [scheme = ''] = /^\w+:\/\//.exec(text) ?? [];
  const known = Object.entries(schemes[protocol]).find(([name]) => name === scheme.toLowerCase())?.[1];
  const rest = scheme === '' ? text : text.slice(scheme.length).replace(/\/$/, '');
  const address = known?.port !== undefined && !/:\d+$/.test(rest) ? `${rest}:${known.port}` : rest;
  const port = Number(/^(?:[\w.-]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(address)?.[1] ?? 0);
  if ((scheme !== '' && known === undefined) || port < 1 || port > 65535) {
    throw badFlag(flag, 'host:port, such as localhost:8000', text);
  }
  return `${known?.prefix ?? ''}${address}`;
}
