import { join } from 'node:path';
import { messageOf } from '../../core/perf-error.js';
import type { ModelIndexEntry, ModelState } from '../../protocol/metadata.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { checkComposing } from '../backends/ensemble/check-composing.js';
import type { Availability } from '../backends/ensemble/composing-models.js';
import { prepareHead } from '../config/prepare-head.js';
import { type LoadPolicy, loadVersion } from '../load-version.js';
import { RefusalError } from '../refusal.js';
import type { ServedVersion } from '../served-version.js';
import { type ModelDirectory, selectVersions } from './scan-repository.js';

/** What the index says about one version; replaced as a whole when the version is loaded anew. */
interface VersionRecord {
  state: ModelState;
  reason: string;
  served: ServedVersion | undefined;
  /** Of the files that it was loaded from. */
  fingerprint?: string | undefined;
}

/** What is to be served: kept while an ensemble waits for the models that it is made of. */
interface Wanted {
  readonly directory: ModelDirectory;
  readonly config: ModelConfig;
  readonly versions: readonly number[];
}

export interface LoadOptions {
  /** Replaces `config.pbtxt`. */
  readonly overrideJson: string | undefined;
  /** What is to be removed once these files do not serve any more; owned from here on. */
  readonly temporary?: AsyncDisposable | undefined;
  /** When the models that this one is made of are loaded, or failed to. */
  readonly after: Promise<void>;
  /** Lets the load run when its turn has come. */
  readonly limit: (run: () => Promise<void>) => Promise<void>;
}

const unloaded = 'unloaded';

/**
 * One model by name, with the life of its versions (model configuration, 8.4):
 *
 *     LOADING -> READY -> UNLOADING -> UNAVAILABLE "unloaded"
 *        `-> UNAVAILABLE "<why>"
 *
 * Loads and unloads run one after the other. While a model is loaded again, the old versions serve; they are replaced
 * only when every selected version has come up.
 */
export class ModelEntry implements AsyncDisposable {
  readonly name: string;
  readonly #policy: LoadPolicy;
  readonly #versions = new Map<number, VersionRecord>();
  readonly #retiring = new Set<Promise<void>>();
  #operations: Promise<void> = Promise.resolve();
  #latest: ServedVersion | undefined;
  #wanted: Wanted | undefined;
  /** The files that are loaded. */
  #fingerprint: string | undefined;
  #attempted: string | undefined;
  /** Of the files that are loaded, when they came with a load request. */
  #temporary: AsyncDisposable | undefined;
  /** Why the last load failed before any version was known. */
  #failure: string | undefined;

  constructor(name: string, policy: LoadPolicy) {
    this.name = name;
    this.#policy = policy;
  }

  /** The version that requests without one go to: the highest that is ready. */
  get latest(): ServedVersion | undefined {
    return this.#latest;
  }

  /** Fingerprint of the files of the last load, good or bad; none after an unload. */
  get attempted(): string | undefined {
    return this.#attempted;
  }

  /** Whether nothing is in transition and nothing failed; a model unloaded on request is fine. */
  get isSettled(): boolean {
    if (this.#failure !== undefined) return false;
    for (const { state, reason } of this.#versions.values()) {
      if (state !== 'READY' && !(state === 'UNAVAILABLE' && reason === unloaded)) return false;
    }
    return true;
  }

  get availability(): Availability {
    if (this.#latest !== undefined) return { kind: 'ready' };
    const reasons = [this.#failure ?? '', ...[...this.#versions.values()].map(({ reason }) => reason)];
    const reason = reasons.find((each) => each !== '' && each !== unloaded);
    return reason === undefined ? { kind: 'missing' } : { kind: 'failed', reason };
  }

  stateOf(version: number): ModelState | undefined {
    return this.#versions.get(version)?.state;
  }

  servedVersion(version: number): ServedVersion | undefined {
    const record = this.#versions.get(version);
    return record?.state === 'READY' ? record.served : undefined;
  }

  /** Ascending. */
  readyVersions(): ServedVersion[] {
    const ready: ServedVersion[] = [];
    for (const [, { state, served }] of [...this.#versions].toSorted(([left], [right]) => left - right)) {
      if (state === 'READY' && served !== undefined) ready.push(served);
    }
    return ready;
  }

  indexRows(): ModelIndexEntry[] {
    const { name } = this;
    if (this.#versions.size === 0 && this.#failure !== undefined) {
      return [{ name, state: 'UNAVAILABLE', reason: this.#failure }];
    }
    return [...this.#versions]
      .toSorted(([left], [right]) => left - right)
      .map(([version, { state, reason }]) => ({
        name,
        version: String(version),
        state,
        ...(reason === '' ? {} : { reason }),
      }));
  }

  /** Rejects with `RefusalError`: `internal` when the configuration is wrong, `invalid-argument` when a version fails. */
  load(directory: () => Promise<ModelDirectory>, options: LoadOptions): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await options.limit(async () => this.#load(await this.#readOrFail(directory), options));
        this.#keep(options.temporary);
      } catch (thrown) {
        await options.temporary?.[Symbol.asyncDispose]();
        throw thrown;
      }
    });
  }

  /** A load that cannot be: rejects with `RefusalError`, `invalid-argument`. */
  fail(reason: string): Promise<void> {
    return this.#inTurn(() => Promise.reject(this.#failLoad(new Error(reason))));
  }

  /**
   * Looks again at an ensemble after `after`, when its models have changed: it stops serving when they do not fit any
   * more, and serves again when they do again. Never rejects.
   */
  recheck(after: Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      await after;
      const wanted = this.#wanted;
      if (wanted === undefined) return;
      try {
        checkComposing(wanted.config, this.#policy.models);
        if (this.#latest === undefined) await this.#bringUp(wanted);
      } catch (thrown) {
        if (this.#latest === undefined) return;
        this.#policy.log(`model '${this.name}' is unloaded: ${messageOf(thrown)}`);
        this.#retireAll();
      }
    });
  }

  /** Resolves when no new request is accepted; those that were accepted are answered first. */
  unload(): Promise<void> {
    return this.#inTurn(async () => {
      this.#failure = undefined;
      this.#fingerprint = undefined;
      this.#attempted = undefined;
      this.#wanted = undefined;
      this.#retireAll();
      this.#keep(undefined);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unload();
    await Promise.all(this.#retiring);
  }

  #inTurn(operation: () => Promise<void>): Promise<void> {
    const done = this.#operations.then(operation);
    this.#operations = done.catch(() => undefined);
    return done;
  }

  async #readOrFail(directory: () => Promise<ModelDirectory>): Promise<ModelDirectory> {
    try {
      return await directory();
    } catch (thrown) {
      throw this.#failHead(thrown);
    }
  }

  async #load(directory: ModelDirectory, { overrideJson, after }: LoadOptions): Promise<void> {
    this.#attempted = directory.fingerprint;
    const isUnchanged = overrideJson === undefined && directory.fingerprint === this.#fingerprint;
    if (isUnchanged && this.#latest !== undefined && this.isSettled) return;
    const config = this.#prepare(directory, overrideJson);
    const wanted = { directory, config, versions: this.#select(directory, config) };
    if (this.#latest === undefined) this.#wanted = wanted;
    await after;
    await this.#bringUp(wanted);
  }

  async #bringUp(wanted: Wanted): Promise<void> {
    const { directory, config, versions } = wanted;
    try {
      checkComposing(config, this.#policy.models);
    } catch (thrown) {
      throw this.#failLoad(thrown);
    }
    this.#failure = undefined;
    for (const version of versions) {
      const record = this.#versions.get(version);
      if (record?.state === 'READY') continue;
      if (record !== undefined) this.#retire(record);
      this.#versions.set(version, { state: 'LOADING', reason: '', served: undefined });
    }
    const loads = versions.map((version) => this.#loadVersion(version, { directory, config }));
    const results = await Promise.allSettled(loads);
    if (results.some((result) => result.status === 'rejected')) throw await this.#giveUp(versions, results);
    results.forEach((result, index) => {
      if (result.status === 'fulfilled') this.#replace(versions[index] ?? 0, result.value, directory);
    });
    for (const [version, record] of this.#versions) if (!versions.includes(version)) this.#retire(record);
    this.#fingerprint = directory.fingerprint;
    this.#wanted = wanted;
    this.#refreshLatest();
  }

  #prepare(directory: ModelDirectory, overrideJson: string | undefined): ModelConfig {
    try {
      return prepareHead({ directoryName: this.name, overrideJson, ...directory }, this.#policy);
    } catch (thrown) {
      throw this.#failHead(thrown);
    }
  }

  #select(directory: ModelDirectory, config: ModelConfig): number[] {
    const versions = selectVersions(directory.versions, config.version_policy);
    for (const wanted of config.version_policy?.specific?.versions ?? []) {
      if (!versions.includes(wanted)) this.#policy.log(`warning: model '${this.name}': there is no version ${wanted}`);
    }
    if (versions.length > 0) return versions;
    throw this.#failHead(
      new Error(`at least one version must be available under the version policy of model '${this.name}'`),
    );
  }

  /** What served before goes on serving; otherwise the index says why nothing does. */
  #failHead(thrown: unknown): RefusalError {
    const reason = messageOf(thrown);
    if (this.#latest === undefined) this.#failure = reason;
    return new RefusalError(
      thrown instanceof RefusalError ? thrown.reason : 'internal',
      `failed to load '${this.name}', failed to poll from model repository: ${reason}`,
      { cause: thrown },
    );
  }

  /** As `#failHead`, for a configuration that is right by itself but does not fit the models that it names. */
  #failLoad(thrown: unknown): RefusalError {
    const reason = messageOf(thrown);
    if (this.#latest === undefined) this.#failure = reason;
    return new RefusalError('invalid-argument', `load failed for model '${this.name}': ${reason}`, { cause: thrown });
  }

  async #loadVersion(
    version: number,
    { directory, config }: { readonly directory: ModelDirectory; readonly config: ModelConfig },
  ): Promise<ServedVersion> {
    const served: ServedVersion = await loadVersion(
      {
        version: String(version),
        directory: join(directory.path, String(version)),
        config,
        before: this.#sameFiles(version, directory),
        onDead: (reason) => this.#markDead(version, { served, reason }),
      },
      this.#policy,
    );
    return served;
  }

  #markDead(version: number, { served, reason }: { readonly served: ServedVersion; readonly reason: string }): void {
    const record = this.#versions.get(version);
    if (record === undefined || record.served !== served) return;
    record.state = 'UNAVAILABLE';
    record.reason = reason;
    this.#refreshLatest();
  }

  async #giveUp(
    versions: readonly number[],
    results: readonly PromiseSettledResult<ServedVersion>[],
  ): Promise<RefusalError> {
    let text = '';
    const cause = results.find((result) => result.status === 'rejected')?.reason;
    for (const [index, result] of results.entries()) {
      const version = versions[index] ?? 0;
      if (result.status === 'fulfilled') await result.value[Symbol.asyncDispose]();
      const reason = result.status === 'rejected' ? messageOf(result.reason) : 'another version failed to load';
      if (result.status === 'rejected') text += `version ${version} is at UNAVAILABLE state: ${reason};\n`;
      if (this.stateOf(version) === 'LOADING') {
        this.#versions.set(version, { state: 'UNAVAILABLE', reason, served: undefined });
      }
    }
    return new RefusalError('invalid-argument', `load failed for model '${this.name}': ${text}`, { cause });
  }

  /** What serves the version now, if its files are the same. */
  #sameFiles(version: number, { fingerprints }: ModelDirectory): ServedVersion | undefined {
    const record = this.#versions.get(version);
    return record?.fingerprint === fingerprints.get(version) ? record?.served : undefined;
  }

  #replace(version: number, served: ServedVersion, { fingerprints }: ModelDirectory): void {
    const old = this.#versions.get(version)?.served;
    this.#versions.set(version, { state: 'READY', reason: '', served, fingerprint: fingerprints.get(version) });
    this.#refreshLatest();
    if (old !== undefined) this.#end(old, () => undefined);
  }

  #retireAll(): void {
    for (const record of this.#versions.values()) this.#retire(record);
    this.#refreshLatest();
  }

  #retire(record: VersionRecord): void {
    const { served } = record;
    if (record.state === 'UNLOADING') return;
    record.served = undefined;
    record.state = served === undefined ? 'UNAVAILABLE' : 'UNLOADING';
    record.reason = served === undefined ? unloaded : '';
    if (served === undefined) return;
    this.#end(served, () => {
      record.state = 'UNAVAILABLE';
      record.reason = unloaded;
    });
  }

  /** Ends a version in the background. */
  #end(served: ServedVersion, onEnded: () => void): void {
    const ended = Promise.resolve(served[Symbol.asyncDispose]()).then(onEnded);
    this.#retiring.add(ended);
    void ended.finally(() => this.#retiring.delete(ended));
  }

  /** Removes the temporary files of before once the versions that were loaded from them have ended. */
  #keep(temporary: AsyncDisposable | undefined): void {
    const before = this.#temporary;
    this.#temporary = temporary;
    if (before === undefined) return;
    const removed = Promise.all(this.#retiring).then(() => before[Symbol.asyncDispose]());
    this.#retiring.add(removed);
    void removed.finally(() => this.#retiring.delete(removed));
  }

  #refreshLatest(): void {
    this.#latest = this.readyVersions().at(-1);
  }
}
