import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { Candidate } from '../../core/trial.js';
import { dataFileOf } from '../../onnx/encode-files.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { applyCandidate } from './apply-candidate.js';
import type { SearchServer } from './open-search-server.js';

/** Loads configurations into a server, each only if the one before it was another. */
export interface Loader {
  load(candidate: Candidate): Promise<void>;
  /**
   * Whether a server that others may use still has what was loaded: what was measured meanwhile belongs to it.
   *
   * @throws PerfError `unreachable` when it has not, or is gone
   */
  checkLoaded(): Promise<void>;
}

/**
 * @param restarts begin each configuration with a new server, where it is ours, so that its memory is that of the configuration alone
 */
export function createLoader(server: SearchServer, modelName: string, restarts: boolean): Loader {
  const originals = configurationsOf(server, modelName, {});
  let loaded = originals.map(textOf);
  /** As the server tells them, which may fill in more than it was sent. */
  let told = originals.map(({ config }) => config);
  const tell = async (): Promise<ModelConfig[]> =>
    server.kind === 'remote' ? Promise.all(originals.map(({ name }) => server.client.modelConfig({ name }))) : told;
  const send = async ({ name, config }: NamedConfiguration, candidate: Candidate): Promise<void> => {
    server.noteLoad(name, undefined);
    await server.client.loadModel(name, config, name === modelName ? sentFiles(server, candidate) : undefined);
  };
  return {
    load: async (candidate) => {
      const wanted = configurationsOf(server, modelName, candidate);
      const texts = wanted.map(textOf);
      if (isDeepStrictEqual(texts, loaded)) return;
      const before = restarts ? originals.map(textOf) : loaded;
      loaded = [];
      if (restarts) await server.restart();
      for (const each of wanted.filter((_, index) => texts[index] !== before[index])) await send(each, candidate);
      loaded = texts;
      told = await tell();
      for (const [index, { name }] of wanted.entries()) server.noteLoad(name, told[index]);
    },
    checkLoaded: async () => {
      const now = await tell().catch((thrown) => {
        throw serverGone(server, thrown);
      });
      if (isDeepStrictEqual(now, told)) return;
      loaded = [];
      const changed = originals.find((_, index) => !isDeepStrictEqual(now[index], told[index]));
      throw new PerfError(
        'unreachable',
        `Cannot go on: expected ${changed?.name} on ${server.url} as this search had loaded it, got another configuration`,
        { hint: 'The server began anew, or somebody else loads models there.' },
      );
    },
  };
}

/** What ends a search: no candidate is to blame. */
export const serverGone = ({ url }: Pick<SearchServer, 'url'>, cause: unknown): PerfError =>
  new PerfError('unreachable', `Cannot go on: expected an answer of ${url}, got ${messageOf(cause)}`, { cause });

/** A server that we did not launch has no variants of precision, so that each comes with its load. */
function sentFiles({ kind, precisions }: SearchServer, candidate: Candidate): Map<string, Uint8Array> | undefined {
  const variant = kind === 'remote' ? precisions?.fileOf(candidate) : undefined;
  if (variant === undefined) return undefined;
  const [path, place] = [variant.path, variant.place].map(dataFileOf);
  const data: [string, Uint8Array][] = path && place && existsSync(path) ? [[place, readFileSync(path)]] : [];
  return new Map([[variant.place, readFileSync(variant.path)], ...data]);
}

interface NamedConfiguration {
  readonly name: string;
  readonly config: ModelConfig;
}

const textOf = ({ config }: NamedConfiguration): string => JSON.stringify(config);

/** Those of the models within the searched one first, as it is made of them. */
function configurationsOf(
  { config, composing }: Pick<SearchServer, 'config' | 'composing'>,
  modelName: string,
  candidate: Candidate,
): NamedConfiguration[] {
  const within = [...composing].map(([name, own]) => ({ name, config: applyCandidate(own, candidate, name) }));
  return [...within, { name: modelName, config: applyCandidate(config, candidate) }];
}
