import type { ModelConfig } from '../../protocol/model-config.js';
import { RefusalError } from '../refusal.js';

type Chosen = Pick<ModelConfig, 'backend' | 'platform' | 'default_model_filename' | 'cc_model_filenames'>;

/** The file of a model with code that names none. */
export const usualCodeFile = 'model.mjs';

const isCode = (file: string): boolean => /\.[cm]?js$/i.test(file.trim());

/** @throws RefusalError (`invalid-argument`) for a file of a load request that holds code */
export function refuseCodeFile(file: string): void {
  if (!isCode(file)) return;
  throw new RefusalError(
    'invalid-argument',
    `load parameter 'file:${file}' cannot bring JavaScript: code comes from the model repository alone`,
  );
}

/**
 * Code never arrives over the network: the configuration of a load request can keep a model that the repository serves
 * with the javascript backend, but cannot choose that backend, or another file for it.
 *
 * @param readOwn gives the model's `config.pbtxt`; `undefined` when there is none
 * @throws RefusalError (`invalid-argument`)
 */
export function refuseCode(override: Chosen, readOwn: () => Chosen | undefined): void {
  if (!asksForCode(override)) return;
  const own = readOwn();
  const isKept =
    own?.backend === 'javascript' &&
    override.backend === own.backend &&
    override.platform === own.platform &&
    fileOf(override) === fileOf(own) &&
    Object.keys(override.cc_model_filenames).length === 0;
  if (isKept) return;
  throw new RefusalError(
    'invalid-argument',
    "load parameter 'config' cannot choose the javascript backend or its file: code comes from the model repository alone",
  );
}

/** What a server says of a model that it serves has the name filled in. */
const fileOf = ({ default_model_filename: file }: Chosen): string => file || usualCodeFile;

const asksForCode = (config: Chosen): boolean =>
  config.backend === 'javascript' ||
  config.platform === 'javascript' ||
  [config.default_model_filename, ...Object.values(config.cc_model_filenames)].some(isCode);
