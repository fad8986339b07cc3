import { refuseCodeFile } from '../config/refuse-code.js';
import type { LoadParameter } from '../inference-service.js';
import { RefusalError } from '../refusal.js';

/** What a load request brings along instead of files of the repository (v2 protocol, 2.6). */
export interface LoadOverride {
  /** Replaces `config.pbtxt`; proto3 JSON. */
  readonly configJson: string | undefined;
  /** Content by path below the model's folder; with any of them, the folder in the repository is not used. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const prefix = 'file:';

/**
 * Reads the parameters of a load request: `config`, and `file:<path>` for each file.
 *
 * @throws RefusalError (`invalid-argument`) for parameters that are not known, of another type, or files without `config`
 */
export function overrideFrom(parameters: ReadonlyMap<string, LoadParameter>): LoadOverride {
  const configJson = parameters.get('config');
  if (configJson !== undefined && typeof configJson !== 'string') {
    throw invalid("load parameter 'config' must be a string of JSON");
  }
  const files = new Map<string, Uint8Array>();
  for (const [key, value] of parameters) {
    if (key === 'config') continue;
    if (!key.startsWith(prefix)) throw invalid(`unrecognized load parameter '${key}'.`);
    if (configJson === undefined) {
      throw invalid("Load parameter 'config' must be specified for model file override");
    }
    files.set(key.slice(prefix.length), contentOf(key, value));
  }
  return { configJson, files };
}

function contentOf(key: string, value: LoadParameter): Uint8Array {
  refuseCodeFile(key.slice(prefix.length));
  if (value instanceof Uint8Array) return value;
  throw invalid(`load parameter '${key}' must be the bytes of a file`);
}

const invalid = (message: string): RefusalError => new RefusalError('invalid-argument', message);
