import type { LoadShape } from '../../core/load.js';
import { milliseconds } from './duration.js';
import { badFlag } from './parse.js';

/** The grammar of `--load-shape`, for help and refusals. */
export const loadShapeForms =
  'constant, step:FACTOR,FACTOR,...:TIME, ramp:FROM-TO:TIME, sine:AMPLITUDE:PERIOD or spike:FACTOR:TIME:PERIOD';

const expected = `${loadShapeForms}, with times such as 500ms, 10s or 2m`;

/**
 * `--load-shape KIND[:...]`: factors of the rate, and times with a unit.
 *
 * @throws PerfError `usage`
 */
export function parseLoadShape(flag: string, text: string): LoadShape {
  const [kind = '', ...parts] = text.split(':');
  const shape = shapeOf(kind, parts);
  if (shape === undefined) throw badFlag(flag, expected, text);
  return shape;
}

function shapeOf(kind: string, parts: readonly string[]): LoadShape | undefined {
  const [first = '', second = '', third = ''] = parts;
  if (kind === 'constant' && parts.length === 0) return { kind };
  if (kind === 'spike' && parts.length === 3) return spike(first, second, third);
  if (parts.length !== 2) return undefined;
  const ms = milliseconds(second);
  if (ms === undefined) return undefined;
  if (kind === 'step') return step(first, ms);
  if (kind === 'ramp') return ramp(first, ms);
  if (kind === 'sine') return sine(first, ms);
  return undefined;
}

function step(text: string, stepMs: number): LoadShape | undefined {
  const factors = text.split(',').map(number);
  const last = factors.at(-1);
  if (factors.some(Number.isNaN) || last === 0) return undefined;
  return { kind: 'step', factors, stepMs };
}

function ramp(text: string, rampMs: number): LoadShape | undefined {
  const [from = Number.NaN, to = Number.NaN, ...others] = text.split('-').map(number);
  if (others.length > 0 || Number.isNaN(from) || !(to > 0)) return undefined;
  return { kind: 'ramp', from, to, rampMs };
}

function sine(text: string, periodMs: number): LoadShape | undefined {
  const amplitude = number(text);
  return amplitude <= 1 ? { kind: 'sine', amplitude, periodMs } : undefined;
}

function spike(factorText: string, lengthText: string, periodText: string): LoadShape | undefined {
  const factor = number(factorText);
  const lengthMs = milliseconds(lengthText);
  const periodMs = milliseconds(periodText);
  if (Number.isNaN(factor) || lengthMs === undefined || periodMs === undefined || lengthMs >= periodMs)
    return undefined;
  return { kind: 'spike', factor, lengthMs, periodMs };
}

const number = (text: string): number => (/^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN);
