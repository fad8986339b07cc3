import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { V2Client } from '../../client/v2-client.js';
import { cacheDirectory } from '../../core/cache-directory.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { claimFile } from './claim-file.js';

/** The configuration that a model had before a search. */
export interface KeptConfiguration extends AsyncDisposable {
  readonly config: ModelConfig;
  /** To be told before a configuration is loaded, and what the server has then, so that it is known again if it stays behind. */
  noteLoad(loaded: ModelConfig | undefined): void;
}

export interface KeepOptions {
  readonly client: V2Client;
  readonly modelName: string;
  readonly url: string;
  readonly say: (line: string) => void;
}

/** What is on the disk while a search runs. */
interface Note {
  readonly original: ModelConfig;
  /** What the search last loaded, as the server tells it; absent while it loads. */
  readonly loaded?: ModelConfig;
}

/**
 * Remembers the configuration of a model on a server that goes on without us, on the disk too, and puts it back when disposed. If a
 * search was killed before it could, what it remembered is the configuration, and is put back first.
 *
 * @throws PerfError `file` when another search of this machine has the model
 */
export async function keepConfiguration(options: KeepOptions): Promise<KeptConfiguration> {
  const { client, modelName, url } = options;
  const file = noteFile(options);
  const claim = claimFile(`search configurations of '${modelName}' on ${url}`, file);
  try {
    if (existsSync(file)) await putBackLeft(JSON.parse(readFileSync(file, 'utf8')) as Note, options);
    const config = await client.modelConfig({ name: modelName });
    const noteLoad = (loaded: ModelConfig | undefined): void =>
      writeNote(file, { original: config, ...(loaded === undefined ? {} : { loaded }) });
    noteLoad(config);
    return {
      config,
      noteLoad,
      [Symbol.asyncDispose]: async () => {
        using _claim = claim;
        await putBack(client, modelName, config).catch((cause) => {
          throw notPutBack(options, cause);
        });
        rmSync(file, { force: true });
      },
    };
  } catch (thrown) {
    claim[Symbol.dispose]();
    throw thrown;
  }
}

const notPutBack = ({ modelName, url }: KeepOptions, cause: unknown): PerfError =>
  new PerfError(
    'unreachable',
    `Cannot put back the configuration of '${modelName}': expected ${url} to load it, got ${messageOf(cause)}`,
    { cause, hint: 'The next search of the model there begins with that.' },
  );

/** Whole, whenever we are killed. */
function writeNote(file: string, note: Note): void {
  writeFileSync(`${file}.new`, JSON.stringify(note));
  renameSync(`${file}.new`, file);
}

function noteFile({ url, modelName }: KeepOptions): string {
  const folder = join(cacheDirectory(), 'search-notes');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${createHash('sha256').update(`${url}\n${modelName}`).digest('hex').slice(0, 24)}.json`);
}

/**
 * What a search left behind is taken away. A server that has something else has begun anew meanwhile, perhaps with a repository that was
 * edited, or got it from somebody else: it stays as it is.
 */
async function putBackLeft({ original, loaded }: Note, { client, modelName, say }: KeepOptions): Promise<void> {
  const found = await client.modelConfig({ name: modelName }).catch(() => undefined);
  if (isDeepStrictEqual(found, original) || (loaded !== undefined && !isDeepStrictEqual(found, loaded))) return;
  await putBack(client, modelName, original);
  say(`Put back the configuration of ${modelName} that a search had left behind.`);
}

/** From the repository if that is what it was, so that nothing of the search remains; otherwise as an override. */
async function putBack(client: V2Client, modelName: string, config: ModelConfig): Promise<void> {
  await client.loadModel(modelName);
  const loaded = await client.modelConfig({ name: modelName });
  if (!isDeepStrictEqual(loaded, config)) await client.loadModel(modelName, config);
}
