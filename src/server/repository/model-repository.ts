import pLimit from 'p-limit';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { ModelIndexEntry } from '../../protocol/metadata.js';
import { type Availability, type ComposingModels, composingNames } from '../backends/ensemble/composing-models.js';
import { prepareHead } from '../config/prepare-head.js';
import type { LoadPolicy } from '../load-version.js';
import { RefusalError } from '../refusal.js';
import type { ServedVersion } from '../served-version.js';
import { Dependencies, loadOrder } from './dependencies.js';
import type { LoadOverride } from './load-override.js';
import { ModelEntry } from './model-entry.js';
import { type OverrideDirectory, writeOverride } from './override-directory.js';
import { checkModelName, listModels, type ModelDirectory, readModelDirectory } from './scan-repository.js';

/** Versions are signed 64-bit integers in the protocol. */
const largestVersion = 2n ** 63n - 1n;
/** Models that start together; each reads files and compiles a graph. */
const parallelLoads = 4;

/** All models by name, over the repositories they come from. */
export class ModelRepository implements AsyncDisposable, ComposingModels {
  readonly #repositories: readonly string[];
  readonly #policy: LoadPolicy;
  readonly #entries = new Map<string, ModelEntry>();
  readonly #dependencies = new Dependencies();
  /** Of models whose files changed to something that does not load: why. */
  readonly #staleReasons = new Map<string, string>();
  /** Reading folders takes as long as it takes; what came first is still done first. */
  readonly #arrivals = pLimit(1);

  constructor(repositories: readonly string[], policy: Omit<LoadPolicy, 'models'>) {
    this.#repositories = repositories;
    this.#policy = { ...policy, models: this };
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
    if (!/^\d+$/.test(version) || BigInt(version) > largestVersion) {
      const text = `failed to get model version from specified version string '${version.slice(0, 40)}'`;
      throw new RefusalError('invalid-argument', `${text}, version should be an integral value > 0`);
    }
    const served = entry.servedVersion(Number(version));
    if (served !== undefined) return served;
    if (entry.stateOf(Number(version)) === undefined) {
      throw new RefusalError('not-found', `${what} version ${version} is not found`);
    }
    throw new RefusalError('unavailable', `${what} version ${version} is not at ready state`);
  }

  availability(name: string): Availability {
    return this.#entries.get(name)?.availability ?? { kind: 'missing' };
  }

  /**
   * Loads or loads again, with the models that it is made of; ensembles that it is part of are looked at again.
   * Rejects with `RefusalError`; what served before then still does.
   */
  async load(name: string, { configJson, files }: LoadOverride = noOverride): Promise<void> {
    checkModelName(name);
    const { loaded } = await this.#arrivals(async () => {
      const temporary = files.size === 0 ? undefined : await writeOverride(files);
      await this.#requireEntry(name, temporary !== undefined);
      const { ends, settled } = await this.#startLoads([name], new Map([[name, { configJson, temporary }]]));
      return { loaded: settled.then(() => ends.get(name)) };
    });
    await loaded;
  }

  /**
   * Makes the models what the repositories hold now. Resolves with the reasons of those that fail.
   * Rejects with `PerfError` when a repository cannot be read; then nothing changes.
   */
  async followFiles(): Promise<PerfError[]> {
    const names = await this.names();
    for (const [name, { attempted }] of this.#entries) {
      if (attempted !== undefined && !names.includes(name)) await this.unload(name, { unloadDependents: false });
    }
    const changed: string[] = [];
    for (const name of names) if (await this.#hasChanged(name)) changed.push(name);
    const failures = await this.#loadEach(changed);
    for (const name of changed) {
      const failure = failures.get(name);
      if (failure === undefined) this.#staleReasons.delete(name);
      else this.#staleReasons.set(name, failure.message);
    }
    return [...failures.values()];
  }

  /** Also when it cannot be read: whoever loads it says why. */
  async #hasChanged(name: string): Promise<boolean> {
    try {
      return (await this.#directoryOf(name)).fingerprint !== this.#entries.get(name)?.attempted;
    } catch {
      return true;
    }
  }

  /**
   * Resolves when no new request is accepted. Ensembles that the model is part of stop serving until it is loaded again.
   *
   * @param options.unloadDependents also unloads what the model is made of, unless another ensemble needs it or it was
   *   asked for by name
   */
  async unload(name: string, options: { readonly unloadDependents: boolean }): Promise<void> {
    checkModelName(name);
    const { unloaded } = await this.#arrivals(() => {
      const dependents = this.#dependencies.dependentsOf([name]);
      const gone = options.unloadDependents ? this.#dependencies.removeWithOrphans(name) : [name];
      this.#dependencies.remove(name);
      const ends = new Map(gone.map((each) => [each, this.#entries.get(each)?.unload() ?? Promise.resolve()]));
      this.#recheck(dependents, ends);
      return { unloaded: Promise.all(ends.values()) };
    });
    await unloaded;
  }

  /**
   * Loads several models, with those that they are made of, and resolves with the reasons of those that failed.
   * Rejects with `PerfError` when a repository cannot be read.
   */
  async loadAll(names: readonly string[]): Promise<PerfError[]> {
    return [...(await this.#loadEach(names)).values()];
  }

  /** As `loadAll`; the reasons by name. */
  async #loadEach(names: readonly string[]): Promise<ReadonlyMap<string, PerfError>> {
    const failures = new Map<string, PerfError>();
    const attempt = async (name: string, run: () => Promise<unknown>) => {
      try {
        await run();
        return true;
      } catch (thrown) {
        if (!(thrown instanceof RefusalError)) throw thrown;
        failures.set(name, toStop(name, thrown));
        return false;
      }
    };
    const known: string[] = [];
    for (const name of names) {
      const isKnown = await attempt(name, async () => {
        checkModelName(name);
        await this.#requireEntry(name);
      });
      if (isKnown) known.push(name);
    }
    const { ends } = await this.#startLoads(known, new Map());
    await Promise.all([...ends].map(([name, end]) => attempt(name, () => end)));
    return failures;
  }

  /** The names in the repositories. Rejects with `PerfError` for a repository that cannot be read. */
  async names(): Promise<string[]> {
    return [...(await listModels(this.#repositories)).keys()];
  }

  async index({ readyOnly }: { readonly readyOnly: boolean }): Promise<ModelIndexEntry[]> {
    const names = new Set([...(await this.names()), ...this.#entries.keys()]);
    const rows = [...names].flatMap((name) => this.#rowsOf(name));
    return readyOnly ? rows.filter((row) => row.state === 'READY') : rows;
  }

  /** Nobody but the log hears why files that are followed do not load: what serves in their place says so, too. */
  #rowsOf(name: string): readonly ModelIndexEntry[] {
    const rows = this.#entries.get(name)?.indexRows() ?? [{ name }];
    const reason = this.#staleReasons.get(name);
    return reason === undefined ? rows : rows.map((row) => (row.state === 'READY' ? { ...row, reason } : row));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => entry[Symbol.asyncDispose]()));
  }

  /**
   * Queues the loads of models, of all that they are made of, and the checks of the ensembles that contain them. Each
   * waits for what it is made of; since all of this is queued at once and in that order, no two can wait for each other.
   *
   * @param overrides what the load request brings along
   */
  async #startLoads(
    names: readonly string[],
    overrides: ReadonlyMap<string, Override>,
  ): Promise<{ readonly ends: ReadonlyMap<string, Promise<void>>; readonly settled: Promise<unknown> }> {
    const composing = await this.#composingModels(names, overrides);
    const order = loadOrder(names, (name) => composing.get(name) ?? []);
    const limit = pLimit(parallelLoads);
    const ends = new Map<string, Promise<void>>();
    for (const name of order.names) {
      const entry = this.#entries.get(name);
      if (entry === undefined) continue;
      const parts = composing.get(name) ?? [];
      this.#dependencies.add(name, parts);
      const circular = order.circular.get(name);
      const after = whenSettled(parts.map((part) => ends.get(part)));
      const load = () =>
        entry.load(() => this.#directoryOf(name, overrides.get(name)), {
          overrideJson: overrides.get(name)?.configJson,
          temporary: overrides.get(name)?.temporary,
          after,
          // An ensemble does little but wait: inside the limit, it could keep out what it waits for.
          limit: parts.length > 0 ? (run) => run() : limit,
        });
      ends.set(name, circular === undefined ? load() : entry.fail(circular));
    }
    const all = new Map(ends);
    this.#recheck(this.#dependencies.dependentsOf(order.names), all);
    return { ends, settled: whenSettled([...ends.values(), ...all.values()]) };
  }

  /** Queues a look at ensembles whose models change. @param ends what they wait for, by model; theirs are added */
  #recheck(ensembles: readonly string[], ends: Map<string, Promise<void>>): void {
    for (const name of ensembles) {
      const after = whenSettled(this.#dependencies.composingOf(name).map((part) => ends.get(part)));
      const end = this.#entries.get(name)?.recheck(after);
      if (end !== undefined) ends.set(name, end);
    }
  }

  /** What each of these models is made of, at any depth. */
  async #composingModels(
    names: readonly string[],
    overrides: ReadonlyMap<string, Override>,
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const composing = new Map<string, readonly string[]>();
    const open = [...names];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (composing.has(name)) continue;
      const parts = await this.#readComposing(name, overrides.get(name));
      composing.set(name, parts);
      open.push(...parts);
    }
    return composing;
  }

  /** None for a model whose configuration is wrong: its load says why. */
  async #readComposing(name: string, override: Override | undefined): Promise<readonly string[]> {
    const overrideJson = override?.configJson;
    try {
      const directory = await this.#directoryOf(name, override);
      if (!this.#entries.has(name)) this.#entries.set(name, new ModelEntry(name, this.#policy));
      return composingNames(prepareHead({ directoryName: name, overrideJson, ...directory }, this.#policy));
    } catch (thrown) {
      if (thrown instanceof PerfError || thrown instanceof RefusalError) return [];
      throw thrown;
    }
  }

  /**
   * Notes that a model was asked for by name. Rejects with `RefusalError` (`internal`) when there is no such folder.
   *
   * @param hasOwnFiles it needs no folder in a repository
   */
  async #requireEntry(name: string, hasOwnFiles = false): Promise<void> {
    if (!this.#entries.has(name)) {
      if (!hasOwnFiles && !(await listModels(this.#repositories)).has(name)) {
        throw new RefusalError(
          'internal',
          `failed to load '${name}', failed to poll from model repository: no folder of that name in ` +
            this.#repositories.join(', '),
        );
      }
      this.#entries.set(name, new ModelEntry(name, this.#policy));
    }
    this.#dependencies.request(name);
  }

  async #directoryOf(name: string, override?: Override): Promise<ModelDirectory> {
    if (override?.temporary !== undefined) return override.temporary.directory;
    const [path, second] = (await listModels(this.#repositories)).get(name) ?? [];
    if (path === undefined) throw new PerfError('model', `no folder of that name in ${this.#repositories.join(', ')}`);
    if (second !== undefined) {
      throw new PerfError('model', `model appears in two or more repositories: ${path}, ${second}`);
    }
    return readModelDirectory(path, this.#policy.modelConfigName);
  }
}

/** What a load request brings along, its files written. */
interface Override {
  readonly configJson: string | undefined;
  readonly temporary: OverrideDirectory | undefined;
}

const noOverride: LoadOverride = { configJson: undefined, files: new Map() };

/** When all of these have ended, one way or the other. */
const whenSettled = async (ends: readonly (Promise<unknown> | undefined)[]): Promise<void> => {
  await Promise.allSettled(ends);
};

/** The reason alone: at start nobody needs to know which version of which state it is. */
function toStop(name: string, refusal: RefusalError): PerfError {
  const { cause = refusal } = refusal;
  const hint = cause instanceof PerfError ? cause.hint : undefined;
  return new PerfError('model', `Cannot load model '${name}': ${messageOf(cause).trim()}`, {
    cause: refusal,
    ...(hint === undefined ? {} : { hint }),
  });
}
