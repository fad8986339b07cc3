import { availableParallelism } from 'node:os';
import type { V2Client } from '../../client/v2-client.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { RunSettings } from '../../core/run-settings.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import type { AnalyzeOptions } from '../analyze-options.js';
import { chooseServer, type ServerChoice } from '../choose-server.js';
import type { CommandContext } from '../command-context.js';
import { connect } from '../connect.js';
import {
  type EmbeddedServer,
  type EmbeddedServerOptions,
  launchEmbeddedServer,
  type ServerLaunch,
} from '../embedded-server.js';
import { findComposing } from '../find-composing.js';
import { launchLocalServer } from '../local-server.js';
import { repositoryFor } from '../model-source.js';
import { type KeptConfiguration, keepConfiguration } from './keep-configuration.js';
import { placeOf } from './model-settings.js';
import { modelsBeside } from './models-together.js';
import { type PrecisionWish, type StagedPrecisions, stagePrecisions } from './stage-precisions.js';

/** Where the candidates of a search run. */
export interface SearchServer extends AsyncDisposable {
  readonly kind: 'remote' | 'embedded' | 'local';
  readonly url: string;
  readonly client: V2Client;
  /** The one that we launched, be it ours or another. */
  readonly embedded: EmbeddedServer | undefined;
  /** Of the model before the search. */
  readonly config: ModelConfig;
  /** The same of the models that work within it and can be varied, by name. */
  readonly composing: ReadonlyMap<string, ModelConfig>;
  /** `undefined`: not known. */
  readonly cores: number | undefined;
  /** The repository, when it is ours to read. */
  readonly modelRepository: string | undefined;
  /** The variants of the model that the server has, when precisions are searched. */
  readonly precisions: StagedPrecisions | undefined;
  /** Before a load, and with what the server has then: one that goes on without us must not keep it, whatever becomes of this process. */
  noteLoad(modelName: string, loaded: ModelConfig | undefined): void;
  /** Ends the server and launches it again, with the configuration in its repository: another process, on other ports. Only of ours. */
  restart(): Promise<void>;
}

/** How a search wants its server. */
export interface ServerWish {
  readonly launch?: ServerLaunch;
  /** Names of the dimensions that the user chose. */
  readonly varied: readonly string[];
  /** What is to be made of the model before it is served. */
  readonly precisions?: PrecisionWish;
  /** A repository with the file of the model that a server which runs has. */
  readonly originals?: string;
  /** What is found is to be written into the repository, so that it must be ours. */
  readonly writes?: boolean;
}

/**
 * Launches the embedded server, or connects to the one that is named. A server that goes on without us has its configuration back
 * when this is disposed.
 *
 * @throws PerfError `unreachable` when a model cannot be loaded there
 */
export async function openSearchServer(
  options: AnalyzeOptions,
  context: CommandContext,
  { launch: serverLaunch, varied, precisions: wish, originals, writes = false }: ServerWish,
): Promise<SearchServer> {
  const { settings, server } = options;
  const { modelName } = settings;
  const choice = await chooseServer({
    serviceKind: server.serviceKind,
    protocol: settings.protocol,
    urls: server.urls,
    hasRepository: server.modelRepository !== undefined,
    connection: server.connection,
  });
  const { protocol } = settings;
  const isOurs = choice.kind === 'embedded';
  if (writes && !isOurs) throw notOurs();
  const kind = serverLaunch?.program === undefined ? choice.kind : 'local';
  const repository = isOurs ? await repositoryFor(servedModels(settings), server.modelRepository, context) : undefined;
  const precisions = wish && (await stage(wish, repository ?? originals, { options, context }));
  const served = isOurs ? (precisions?.repository ?? repository) : undefined;
  let stack = new OpenedResources();
  const start = async () => {
    const embedded =
      served === undefined ? undefined : stack.use(await launch(served, { options, context, serverLaunch }));
    const url = embedded === undefined ? urlOf(choice) : `127.0.0.1:${portOf(embedded, protocol)}`;
    return { embedded, url, client: stack.use(await connect(protocol, url, server.connection)) };
  };
  const close = async (): Promise<void> => {
    await stack[Symbol.asyncDispose]();
    await precisions?.[Symbol.asyncDispose]();
  };
  try {
    let running = await start();
    context.progress.say(
      `Server: ${kind}, on ${running.url} (${kind === 'local' ? serverLaunch?.program : choice.because}).`,
    );
    const kept = new Map<string, KeptConfiguration>();
    const origin = { client: running.client, options, context, url: running.url, isOurs, stack, kept };
    const config = await originalConfig(modelName, origin);
    const composing = await composingConfigs(config, varied, origin);
    return {
      kind,
      get url() {
        return running.url;
      },
      get client() {
        return running.client;
      },
      get embedded() {
        return running.embedded;
      },
      config,
      composing,
      cores: isOurs ? availableParallelism() : undefined,
      modelRepository: repository,
      precisions,
      noteLoad: (name, loaded) => kept.get(name)?.noteLoad(loaded),
      restart: async () => {
        if (!isOurs) return;
        await stack[Symbol.asyncDispose]();
        stack = new OpenedResources();
        running = await start();
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

const notOurs = (): PerfError =>
  new PerfError('usage', 'Cannot use --write-config: expected a repository of ours, got a server with one of its own', {
    hint: '--dry-run shows the change of config.pbtxt.',
  });

/** Models that nobody else would load. */
const servedModels = (settings: RunSettings): string[] => [
  ...[settings.modelName, ...modelsBeside(settings)],
  ...(settings.blsComposingModels ?? []).map(({ name }) => name),
];

function stage(
  wish: PrecisionWish,
  repository: string | undefined,
  { options, context }: { readonly options: AnalyzeOptions; readonly context: CommandContext },
): Promise<StagedPrecisions> {
  if (repository !== undefined) {
    return stagePrecisions(wish, { modelName: options.settings.modelName, repository, context });
  }
  const expected = "--model-repository with the model's file that the server has";
  throw new PerfError('usage', `Cannot search precisions on a server that runs: expected ${expected}, got none`, {
    hint: 'Variants are made of it here, and sent with the load of a configuration.',
  });
}

interface Origin {
  readonly client: V2Client;
  readonly options: AnalyzeOptions;
  readonly context: CommandContext;
  readonly url: string;
  readonly isOurs: boolean;
  readonly stack: OpenedResources;
  /** By the name of the model; of a server that goes on without us. */
  readonly kept: Map<string, KeptConfiguration>;
}

/** Of all that can be varied beside the searched model. Ensembles have nothing to vary themselves. */
async function composingConfigs(
  config: ModelConfig,
  varied: readonly string[],
  origin: Origin,
): Promise<ReadonlyMap<string, ModelConfig>> {
  const { client, options, url } = origin;
  const { modelName, blsComposingModels: called = [] } = options.settings;
  const composing = await findComposing(client, { config, modelName, called, url });
  const names = new Set([...composing.map(({ name }) => name), ...modelsBeside(options.settings)]);
  const foreign = varied.find((name) => {
    const { model } = placeOf(name);
    return model !== undefined && !names.has(model);
  });
  if (foreign !== undefined) {
    const got = [...names].join(', ') || 'none';
    throw new PerfError(
      'usage',
      `Cannot vary ${foreign}: expected a model that works within '${modelName}', got ${got}`,
      {
        hint: 'Models that it calls itself are named with --bls-composing-models.',
      },
    );
  }
  const configs = new Map<string, ModelConfig>();
  for (const name of names) {
    const own = await originalConfig(name, origin);
    if (own.ensemble_scheduling === undefined) configs.set(name, own);
  }
  return configs;
}

async function originalConfig(
  modelName: string,
  { client, context, url, isOurs, stack, kept }: Origin,
): Promise<ModelConfig> {
  try {
    if (isOurs) return await client.modelConfig({ name: modelName });
    const own = stack.use(await keepConfiguration({ client, modelName, url, say: context.progress.say }));
    kept.set(modelName, own);
    return own.config;
  } catch (cause) {
    if (cause instanceof PerfError && cause.code === 'file') throw cause;
    throw new PerfError(
      'unreachable',
      `Cannot search configurations of '${modelName}': expected its configuration from ${url}, got ${messageOf(cause)}`,
      { cause, hint: 'The server must have the model loaded and run with --model-control-mode explicit.' },
    );
  }
}

interface Launch {
  readonly options: AnalyzeOptions;
  readonly context: CommandContext;
  readonly serverLaunch: ServerLaunch | undefined;
}

function launch(modelRepository: string, { options, context, serverLaunch }: Launch): Promise<EmbeddedServer> {
  const wanted: EmbeddedServerOptions = {
    modelRepository,
    modelNames: servedModels(options.settings),
    allowClientShm: options.settings.sharedMemory.kind === 'system',
    ...(serverLaunch === undefined ? {} : { launch: serverLaunch }),
    interrupt: context.interrupt,
    onLine: (line) => {
      if (options.isVerbose) context.progress.say(line);
    },
  };
  const { program } = serverLaunch ?? {};
  return program === undefined ? launchEmbeddedServer(wanted) : launchLocalServer(program, wanted);
}

const portOf = ({ ports }: EmbeddedServer, protocol: 'http' | 'grpc'): number =>
  protocol === 'http' ? ports.http : ports.grpc;

function urlOf(choice: ServerChoice): string {
  const urls = choice.kind === 'remote' ? choice.urls : [];
  const [url, second] = urls;
  if (url === undefined || second !== undefined) {
    throw new PerfError('usage', `Cannot search on several servers: expected one -u, got ${urls.length}`);
  }
  return url;
}

/** What was opened so far, closed in reverse order, each whatever became of the others; Node 20 has no `AsyncDisposableStack`. */
class OpenedResources implements AsyncDisposable {
  #opened: AsyncDisposable[] = [];

  use<Resource extends AsyncDisposable>(resource: Resource): Resource {
    this.#opened.push(resource);
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const resource of this.#opened.splice(0).reverse()) {
      await Promise.resolve(resource[Symbol.asyncDispose]()).catch((thrown) => failures.push(thrown));
    }
    if (failures.length > 0) throw failures[0];
  }
}
