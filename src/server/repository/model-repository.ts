import pLimit from 'p-limit';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { ModelIndexEntry } from '../../protocol/metadata.js';
import type { LoadPolicy } from '../load-version.js';
import { RefusalError } from '../refusal.js';
import type { ServedVersion } from '../served-version.js';
import { ModelEntry } from './model-entry.js';
import { checkModelName, listModels, type ModelDirectory, readModelDirectory } from './scan-repository.js';

/** Models that start together; each reads files and compiles a graph. */
const parallelLoads = 4;

/** All models by name, over the repositories they come from. */
export class ModelRepository implements AsyncDisposable {
  readonly #repositories: readonly string[];
  readonly #policy: LoadPolicy;
  readonly #entries = new Map<string, ModelEntry>();
  /** Reading folders takes as long as it takes; what came first is still done first. */
  readonly #arrivals = pLimit(1);

  constructor(repositories: readonly string[], policy: LoadPolicy) {
    this.#repositories = repositories;
    this.#policy = policy;
  }

  /** Every known model is as it should be. */
  get isSettled(): boolean {
    return [...this.#entries.values()].every((entry) => entry.isSettled);
  }

  get entries(): Iterable<ModelEntry> {
    return this.#entries.values();
  }

  entry(name: string): ModelEntry | undefined {
    return this.#entries.get(name);
  }

  /** @throws RefusalError: `not-found` for an unknown model or version, `unavailable` for one that is not ready */
  find(name: string, version: string): ServedVersion {
    const entry = this.#entries.get(name);
    const what = `Request for unknown model: '${name}'`;
    if (entry === undefined) throw new RefusalError('not-found', `${what} is not found`);
    if (version === '') {
      if (entry.latest === undefined) throw new RefusalError('not-found', `${what} has no available versions`);
      return entry.latest;
    }
    if (!/^\d{1,15}$/.test(version)) {
      throw new RefusalError('invalid-argument', `model version must be a number, got '${version}'`);
    }
    const served = entry.servedVersion(Number(version));
    if (served !== undefined) return served;
    if (entry.stateOf(Number(version)) === undefined) {
      throw new RefusalError('not-found', `${what} version ${version} is not found`);
    }
    throw new RefusalError('unavailable', `${what} version ${version} is not at ready state`);
  }

  /** Loads or loads again. Rejects with `RefusalError`; what served before then still does. */
  async load(name: string, overrideJson?: string): Promise<void> {
    checkModelName(name);
    const { loaded } = await this.#arrivals(async () => {
      const entry = this.#entries.get(name) ?? (await this.#newEntry(name));
      return { loaded: entry.load(() => this.#directoryOf(name), overrideJson) };
    });
    await loaded;
  }

  async unload(name: string): Promise<void> {
    checkModelName(name);
    const { unloaded } = await this.#arrivals(() => ({ unloaded: this.#entries.get(name)?.unload() }));
    await unloaded;
  }

  /**
   * Loads several models and resolves with the reasons of those that failed.
   * Rejects with `PerfError` when a repository cannot be read.
   */
  async loadAll(names: readonly string[]): Promise<PerfError[]> {
    const limit = pLimit(parallelLoads);
    const failures: PerfError[] = [];
    const loadOne = async (name: string) => {
      try {
        await this.load(name);
      } catch (thrown) {
        if (!(thrown instanceof RefusalError)) throw thrown;
        failures.push(toStop(name, thrown));
      }
    };
    await Promise.all(names.map((name) => limit(loadOne, name)));
    return failures;
  }

  /** The names in the repositories. Rejects with `PerfError` for a repository that cannot be read. */
  async names(): Promise<string[]> {
    return [...(await listModels(this.#repositories)).keys()];
  }

  async index({ readyOnly }: { readonly readyOnly: boolean }): Promise<ModelIndexEntry[]> {
    const names = new Set([...(await this.names()), ...this.#entries.keys()]);
    const rows = [...names].flatMap((name) => this.#entries.get(name)?.indexRows() ?? [{ name }]);
    return readyOnly ? rows.filter((row) => row.state === 'READY') : rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => entry[Symbol.asyncDispose]()));
  }

  async #newEntry(name: string): Promise<ModelEntry> {
    if (!(await listModels(this.#repositories)).has(name)) {
      throw new RefusalError(
        'internal',
        `failed to load '${name}', failed to poll from model repository: no folder of that name in ` +
          this.#repositories.join(', '),
      );
    }
    const entry = new ModelEntry(name, this.#policy);
    this.#entries.set(name, entry);
    return entry;
  }

  async #directoryOf(name: string): Promise<ModelDirectory> {
    const [path, second] = (await listModels(this.#repositories)).get(name) ?? [];
    if (path === undefined) throw new PerfError('model', `no folder of that name in ${this.#repositories.join(', ')}`);
    if (second !== undefined) {
      throw new PerfError('model', `model appears in two or more repositories: ${path}, ${second}`);
    }
    return readModelDirectory(path);
  }
}

/** The reason alone: at start nobody needs to know which version of which state it is. */
function toStop(name: string, refusal: RefusalError): PerfError {
  const { cause = refusal } = refusal;
  const hint = cause instanceof PerfError ? cause.hint : undefined;
  return new PerfError('model', `Cannot load model '${name}': ${messageOf(cause).trim()}`, {
    cause: refusal,
    ...(hint === undefined ? {} : { hint }),
  });
}
