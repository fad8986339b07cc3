import { PerfError } from '../../core/perf-error.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { type Backends, backendOf } from '../backends/backend-of.js';
import { ensemblePlatform, isEnsemble, validateEnsemble } from '../backends/ensemble/validate-ensemble.js';
import { type BackendNames, normalizeHead } from './normalize-config.js';
import { readConfigJson, readConfigText } from './read-config.js';
import { refuseCode } from './refuse-code.js';
import { refuseUnsupported } from './refuse-unsupported.js';
import { validateHead, validateIdentity, validateSchedulers } from './validate-config.js';

export interface ConfigSource {
  readonly directoryName: string;
  /** The text of `config.pbtxt`; `undefined` when there is no such file. */
  readonly configText: string | undefined;
  readonly configPath: string;
  /** The `config` parameter of a load request: replaces the file. */
  readonly overrideJson: string | undefined;
}

/**
 * Reads a configuration and checks all that can be known without the model file.
 *
 * @throws PerfError when it is wrong, RefusalError when it asks for something that is not there yet (`unsupported`) or that
 *   a load request cannot ask for (`invalid-argument`)
 */
export function prepareHead(
  source: ConfigSource,
  options: { readonly backends: Backends<BackendNames>; readonly autoComplete: boolean },
): ModelConfig {
  const { directoryName } = source;
  const read = readSource(source, options.autoComplete);
  if (isEnsemble(read)) return prepareEnsemble(read, directoryName);
  const backend = backendOf(read, options.backends);
  const config = normalizeHead(read, directoryName, backend);
  refuseUnsupported(config);
  validateHead(config, directoryName, backend);
  validateSchedulers(isOpen(config, options) ? { ...config, max_batch_size: Number.POSITIVE_INFINITY } : config);
  return config;
}

/** Whether the model file will say how much the model batches (`completeConfig`). */
const isOpen = (config: ModelConfig, { autoComplete }: { readonly autoComplete: boolean }): boolean =>
  autoComplete && config.max_batch_size === 0 && (config.input.length === 0 || config.output.length === 0);

function prepareEnsemble(read: ModelConfig, directoryName: string): ModelConfig {
  const config = {
    ...read,
    name: read.name || directoryName,
    version_policy: read.version_policy ?? { latest: { num_versions: 1 } },
  };
  refuseUnsupported(config);
  validateEnsemble(config);
  validateIdentity(config, directoryName, { name: '', platform: ensemblePlatform });
  return config;
}

function readSource(source: ConfigSource, autoComplete: boolean): ModelConfig {
  if (source.overrideJson !== undefined) return readOverride(source.overrideJson, source);
  if (source.configText === undefined && !autoComplete) {
    throw new PerfError('model', `model configuration is missing: expected ${source.configPath}`);
  }
  return readConfigText(source.configText ?? '', source.configPath);
}

function readOverride(json: string, { configText, configPath }: ConfigSource): ModelConfig {
  const override = readConfigJson(json);
  refuseCode(override, () => (configText === undefined ? undefined : readConfigText(configText, configPath)));
  return override;
}
