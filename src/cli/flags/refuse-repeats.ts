import { PerfError } from '../../core/perf-error.js';

/**
 * A check for yargs, which gathers a repeated flag into a list: only the flags named here may be repeated.
 *
 * @throws PerfError `usage`, from the check
 */
export const refuseRepeats =
  (repeatable: readonly string[]) =>
  (argv: Readonly<Record<string, unknown>>): true => {
    const isRepeated = (name: string): boolean =>
      Array.isArray(argv[name]) && name !== '_' && !repeatable.includes(name);
    const repeated = Object.keys(argv).find(isRepeated);
    if (repeated === undefined) return true;
    const flag = repeated.length === 1 ? `-${repeated}` : `--${repeated}`;
    const values = (argv[repeated] as readonly unknown[]).join(', ');
    throw new PerfError('usage', `Cannot use ${flag} more than once: expected one value, got ${values}`);
  };
