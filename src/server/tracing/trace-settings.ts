import { RefusalError } from '../refusal.js';

/** The trace extension (v2 protocol, 2.8); member names are the protocol's, numbers are decimal text. */
export interface TraceSettings {
  readonly trace_level: readonly string[];
  /** One request in so many is traced. */
  readonly trace_rate: string;
  /** How many more are traced; -1 = all. */
  readonly trace_count: string;
  /** After so many traces they are written to a file of their own; 0 = all go to one file. */
  readonly log_frequency: string;
  /** '' = nothing is traced. */
  readonly trace_file: string;
  readonly trace_mode: 'triton';
}

export const defaultTraceSettings: TraceSettings = {
  trace_level: ['OFF'],
  trace_rate: '1000',
  trace_count: '-1',
  log_frequency: '0',
  trace_file: '',
  trace_mode: 'triton',
};

/** Those that clients can change. */
export type TraceOverrides = Partial<Omit<TraceSettings, 'trace_file' | 'trace_mode'>>;

/** Settings by name as they came, each a list of values; none = as if it had never been set. */
export type TraceChanges = ReadonlyMap<string, readonly string[]>;

type Name = keyof TraceOverrides;

const smallest: Readonly<Record<Exclude<Name, 'trace_level'>, number>> = {
  trace_rate: 0,
  trace_count: -1,
  log_frequency: 0,
};

/**
 * What is overridden after a change.
 *
 * @throws RefusalError `invalid-argument` for an unknown name or a value that is none, `unsupported` for what is fixed
 */
export function withChanges(overrides: TraceOverrides, changes: TraceChanges): TraceOverrides {
  let changed = overrides;
  for (const [name, values] of changes) {
    if (name === 'trace_file' || name === 'trace_mode') {
      throw new RefusalError('unsupported', `'${name}' can not be updated through network protocol`);
    }
    if (name !== 'trace_level' && !Object.hasOwn(smallest, name)) throw invalid(`unknown trace setting '${name}'`);
    const { [name as Name]: _, ...others } = changed;
    changed = values.length === 0 ? others : { ...others, [name]: parsed(name as Name, values) };
  }
  return changed;
}

const invalid = (message: string): RefusalError => new RefusalError('invalid-argument', message);

function parsed(name: Name, values: readonly string[]): string | readonly string[] {
  if (name === 'trace_level') return levels(values);
  const [text = '', ...more] = values;
  const isNumber = /^-?\d{1,15}$/.test(text) && Number(text) >= smallest[name];
  if (isNumber && more.length === 0) return String(Number(text));
  throw invalid(`trace setting '${name}' must be an integer from ${smallest[name]}, got '${values.join(', ')}'`);
}

function levels(values: readonly string[]): readonly string[] {
  const unknown = values.find((value) => !['OFF', 'TIMESTAMPS', 'TENSORS'].includes(value));
  if (unknown !== undefined) {
    throw invalid(`trace setting 'trace_level' must be of OFF, TIMESTAMPS, TENSORS, got '${unknown}'`);
  }
  if (values.includes('OFF') && values.length > 1) throw invalid(`trace level OFF must be the only one`);
  return [...new Set(values)];
}
