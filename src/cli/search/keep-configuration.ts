import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { V2Client } from '../../client/v2-client.js';
import { cacheDirectory } from '../../core/cache-directory.js';
import type { ModelConfig } from '../../protocol/model-config.js';

/** The configuration that a model had before a search. */
export interface KeptConfiguration extends AsyncDisposable {
  readonly config: ModelConfig;
}

export interface KeepOptions {
  readonly client: V2Client;
  readonly modelName: string;
  readonly url: string;
  readonly say: (line: string) => void;
}

/**
 * Remembers the configuration of a model on a server that goes on without us, on the disk too, and puts it back when disposed. If a
 * search was killed before it could, what it remembered is the configuration, and is put back first.
 */
export async function keepConfiguration(options: KeepOptions): Promise<KeptConfiguration> {
  const { client, modelName, say } = options;
  const file = noteFile(options);
  if (existsSync(file)) {
    const remembered = JSON.parse(readFileSync(file, 'utf8')) as ModelConfig;
    await putBack(client, modelName, remembered);
    say(`Put back the configuration of ${modelName} that a search had left behind.`);
  }
  const config = await client.modelConfig({ name: modelName });
  writeFileSync(`${file}.new`, JSON.stringify(config));
  renameSync(`${file}.new`, file); // whole, whenever we are killed
  return {
    config,
    [Symbol.asyncDispose]: async () => {
      await putBack(client, modelName, config);
      rmSync(file, { force: true });
    },
  };
}

function noteFile({ url, modelName }: KeepOptions): string {
  const folder = join(cacheDirectory(), 'search-originals');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${createHash('sha256').update(`${url}\n${modelName}`).digest('hex').slice(0, 24)}.json`);
}

/** From the repository if that is what it was, so that nothing of the search remains; otherwise as an override. */
async function putBack(client: V2Client, modelName: string, config: ModelConfig): Promise<void> {
  await client.loadModel(modelName);
  const loaded = await client.modelConfig({ name: modelName });
  if (!isDeepStrictEqual(loaded, config)) await client.loadModel(modelName, config);
}
