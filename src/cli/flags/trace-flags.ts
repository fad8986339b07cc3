import type { TraceSettings } from '../../core/run-settings.js';
import { oneOf, parseInteger } from './parse.js';

const text = { type: 'string', requiresArg: true, group: 'Server:' } as const;

/** The flags of the server's trace extension. */
export const traceFlags = {
  'trace-level': {
    ...text,
    array: true,
    default: [] as string[],
    describe: 'What the server traces while we measure: OFF, TIMESTAMPS, TENSORS (repeatable)',
  },
  'trace-rate': { ...text, describe: 'Trace one request in so many' },
  'trace-count': { ...text, describe: 'Trace so many requests; -1 = no limit' },
  'log-frequency': { ...text, describe: 'Write traces each so many to an indexed file; 0 = one file' },
} as const;

/** Those of them that may be repeated, as yargs names them. */
export const repeatableTraceFlags = ['trace-level', 'traceLevel'];

export interface TraceFlags {
  readonly traceLevel: readonly string[];
  readonly traceRate: string | undefined;
  readonly traceCount: string | undefined;
  readonly logFrequency: string | undefined;
}

/**
 * What to set, by the names of the protocol; absent when nothing is.
 *
 * @throws PerfError `usage`
 */
export function traceSettings(flags: TraceFlags): TraceSettings | undefined {
  const levels = flags.traceLevel.map((level) =>
    oneOf('--trace-level', level.toUpperCase(), ['OFF', 'TIMESTAMPS', 'TENSORS']),
  );
  const number = (flag: string, value: string | undefined, minimum: number): string[] =>
    value === undefined ? [] : [String(parseInteger(flag, value, minimum))];
  const settings = Object.entries({
    trace_level: levels,
    trace_rate: number('--trace-rate', flags.traceRate, 1),
    trace_count: number('--trace-count', flags.traceCount, -1),
    log_frequency: number('--log-frequency', flags.logFrequency, 0),
  }).filter(([, values]) => values.length > 0);
  return settings.length === 0 ? undefined : Object.fromEntries(settings);
}
