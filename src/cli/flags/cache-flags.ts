import { PerfError } from '../../core/perf-error.js';
import { namedSettings } from './named-settings.js';

const flag = '--cache-config';

/**
 * Size of the response cache in bytes; `undefined` when none is asked for.
 *
 * @param older of `--response-cache-byte-size`, which Triton had before
 * @throws PerfError `usage` for any cache but `local` with a size
 */
export function cacheBytes(values: readonly string[], older: string | undefined): number | undefined {
  const settings = namedSettings(flag, values);
  const other = settings.find(({ name, key }) => name !== 'local' || key !== 'size');
  if (other !== undefined) {
    const got = `${other.name},${other.key}`;
    throw new PerfError('usage', `Cannot use ${flag}: expected local,size=BYTES, got '${got}=${other.value}'`);
  }
  const size = settings.at(-1)?.value ?? older;
  if (size === undefined || /^[1-9]\d{0,14}$/.test(size)) return size === undefined ? undefined : Number(size);
  throw new PerfError('usage', `Cannot use ${flag}: expected a size in bytes above 0, got '${size}'`);
}
