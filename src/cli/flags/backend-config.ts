import { PerfError } from '../../core/perf-error.js';
import { namedSettings } from './named-settings.js';

/** What `--backend-config` says that has a meaning here, and a line for everything else. */
export interface BackendConfig {
  /** For models that can batch and do not say how much. */
  readonly defaultMaxBatchSize: number | undefined;
  readonly warnings: readonly string[];
}

const flag = '--backend-config';
const batchSizeKey = 'default-max-batch-size';

/** @throws PerfError `usage` for what is not `BACKEND,KEY=VALUE`, and for a batch size that is none */
export function backendConfig(values: readonly string[]): BackendConfig {
  const settings = namedSettings(flag, values);
  const isBatchSize = ({ name, key }: (typeof settings)[number]): boolean =>
    key === batchSizeKey && (name === '' || name === 'onnxruntime');
  const sizes = settings.filter(isBatchSize);
  const size = (sizes.findLast(({ name }) => name !== '') ?? sizes.at(-1))?.value;
  if (size !== undefined && !/^[1-9]\d{0,5}$/.test(size)) {
    throw new PerfError('usage', `Cannot use ${flag}: expected ${batchSizeKey}=1 to 999999, got '${size}'`);
  }
  const others = settings.filter((setting) => !isBatchSize(setting)).map(({ name, key }) => `${name},${key}`);
  return {
    defaultMaxBatchSize: size === undefined ? undefined : Number(size),
    warnings:
      others.length === 0 ? [] : [`warning: these settings of ${flag} change nothing here: ${others.join('; ')}`],
  };
}
