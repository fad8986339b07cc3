import { PerfError } from '../../core/perf-error.js';

/** One setting of something that has a name: `NAME,KEY=VALUE`; without a name it is for all. */
export interface NamedSetting {
  /** '' = all. */
  readonly name: string;
  readonly key: string;
  readonly value: string;
}

/** @throws PerfError `usage` that names the flag and the value that is not understood */
export function namedSettings(flag: string, values: readonly string[]): NamedSetting[] {
  return values.map((text) => {
    const [, name = '', key = '', value = ''] = /^(?:([^,=]*),)?([^,=]+)=(.*)$/.exec(text) ?? [];
    if (key !== '') return { name, key, value };
    throw new PerfError('usage', `Cannot use ${flag}: expected NAME,KEY=VALUE, got '${text}'`);
  });
}
