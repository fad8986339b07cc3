import { messageOf, PerfError } from '../../core/perf-error.js';
import { type TraceSettings, withChanges } from '../../server/tracing/trace-settings.js';
import { type NamedSetting, namedSettings } from './named-settings.js';

const flag = '--trace-config';

/** What each key of `--trace-config` is called in the trace extension. */
const settingOf: Readonly<Record<string, string>> = {
  ',rate': 'trace_rate',
  ',level': 'trace_level',
  ',count': 'trace_count',
  'triton,log-frequency': 'log_frequency',
};

/**
 * Trace settings to begin with; a key that comes more than once counts as its last, but levels add up.
 *
 * @throws PerfError `usage` for keys and values that are not known
 */
export function traceSettings(values: readonly string[]): Partial<TraceSettings> {
  const changes = new Map<string, string[]>();
  let file = '';
  for (const setting of namedSettings(flag, values)) {
    const name = `${setting.name},${setting.key}`;
    if (name === 'triton,file') file = setting.value;
    else if (name !== ',mode' || setting.value !== 'triton') add(setting, settingOf[name], changes);
  }
  try {
    return { ...withChanges({}, changes), ...(file === '' ? {} : { trace_file: file }) };
  } catch (thrown) {
    throw new PerfError('usage', `Cannot use ${flag}: ${messageOf(thrown)}`);
  }
}

function add({ name, key, value }: NamedSetting, setting: string | undefined, changes: Map<string, string[]>): void {
  if (setting === undefined) throw unknown(`${name === '' ? '' : `${name},`}${key}=${value}`);
  const before = setting === 'trace_level' ? (changes.get(setting) ?? []) : [];
  changes.set(setting, [...before, value]);
}

const unknown = (got: string): PerfError =>
  new PerfError(
    'usage',
    `Cannot use ${flag}: expected rate=N, level=LEVEL, count=N, mode=triton, triton,file=PATH or triton,log-frequency=N, ` +
      `got '${got}'`,
  );
