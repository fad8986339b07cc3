import type { V2Client } from '../client/v2-client.js';
import type { ComposingModel } from '../core/composing.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { ModelFacts, ServerFacts } from '../core/run.js';
import type { RunSettings } from '../core/run-settings.js';
import type { ModelIndexEntry } from '../protocol/metadata.js';
import { highestOf, type ModelMetadata, type ServerMetadata } from '../protocol/metadata.js';
import type { ModelConfig } from '../protocol/model-config.js';
import { findComposing } from './find-composing.js';

/** The server and the model as they say they are. */
export interface Target {
  readonly server: Omit<ServerFacts, 'kind' | 'url'>;
  readonly model: ModelFacts;
  readonly metadata: ModelMetadata;
  /** Absent where the server has none to show. */
  readonly config: ModelConfig | undefined;
  readonly hasStatistics: boolean;
  /** The models that work within it. */
  readonly composing: readonly ComposingModel[];
}

/**
 * Asks the server what it is and what the model looks like, before any load.
 *
 * @throws PerfError `unreachable` when nothing answers, or the model or one that works within it is not ready; `usage` when
 *   the batch does not fit it
 */
export async function openTarget(client: V2Client, settings: RunSettings, url: string): Promise<Target> {
  const { modelName: name, modelVersion: version, batchSize } = settings;
  const server = await serverMetadata(client, url);
  if (!(await client.isModelReady({ name, version }))) throw await modelNotReady(client, settings, url);
  const metadata = await modelMetadata(client, settings, url);
  const config = await modelConfig(client, settings);
  const maxBatchSize = config?.max_batch_size ?? 0;
  if (batchSize > Math.max(1, maxBatchSize)) {
    const limit =
      maxBatchSize === 0 ? '1, since the server says of no batching' : `at most ${maxBatchSize}, its max_batch_size`;
    throw new PerfError(
      'usage',
      `Cannot use -b ${batchSize} with model '${name}': expected ${limit}, got ${batchSize}`,
    );
  }
  if (config?.model_transaction_policy?.decoupled) checkDecoupled(settings);
  const hasStatistics = server.extensions.includes('statistics');
  const called = settings.blsComposingModels ?? [];
  if (called.length > 0 && !hasStatistics) {
    throw new PerfError(
      'usage',
      `Cannot use --bls-composing-models: expected a server with the statistics extension at ${url}, got one without`,
    );
  }
  const composing = await findComposing(client, { config, modelName: name, called, url });
  return {
    server: { name: server.name, version: server.version, extensions: server.extensions },
    model: {
      name,
      version: version === '' ? highestOf(metadata.versions) : version,
      platform: metadata.platform,
      maxBatchSize,
      ...(config === undefined ? {} : { config }),
      ...(composing.length === 0 ? {} : { composing }),
    },
    metadata,
    config,
    hasStatistics,
    composing,
  };
}

/** Its responses are not tied to its requests: one, none, or many. */
function checkDecoupled({ modelName, wire, sharedMemory, protocol }: RunSettings): void {
  if (!wire.streaming) {
    throw new PerfError(
      'usage',
      `Cannot measure model '${modelName}', which is decoupled: expected -i grpc --streaming, got single calls over ${protocol}`,
    );
  }
  if (sharedMemory.kind === 'none') return;
  throw new PerfError(
    'usage',
    `Cannot use --shared-memory with model '${modelName}': expected none, since it is decoupled and its responses would overwrite each other, got ${sharedMemory.kind}`,
  );
}

async function serverMetadata(client: V2Client, url: string): Promise<ServerMetadata> {
  try {
    return await client.serverMetadata();
  } catch (cause) {
    throw new PerfError(
      'unreachable',
      `Cannot reach a v2 server: expected an answer from ${url}, got ${messageOf(cause)}`,
      {
        cause,
        hint: 'Check -u and -i: HTTP is usually on port 8000 and gRPC on 8001. Without -u an embedded server is launched.',
      },
    );
  }
}

async function modelMetadata(client: V2Client, settings: RunSettings, url: string): Promise<ModelMetadata> {
  const { modelName: name, modelVersion: version } = settings;
  try {
    return await client.modelMetadata({ name, version });
  } catch (cause) {
    throw new PerfError(
      'unreachable',
      `Cannot measure model '${name}': expected its metadata from ${url}, got ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

async function modelNotReady(client: V2Client, settings: RunSettings, url: string): Promise<PerfError> {
  const { modelName, modelVersion } = settings;
  const model = modelVersion === '' ? `model '${modelName}'` : `version ${modelVersion} of model '${modelName}'`;
  const known = await client.repositoryIndex().catch(() => []);
  const entry = known.find(
    (model) => model.name === modelName && (modelVersion === '' || model.version === modelVersion),
  );
  const got =
    entry === undefined
      ? `a server that has ${whatItHas(known, modelName)}`
      : [entry.state ?? 'a model that was never loaded', entry.reason].filter(Boolean).join(': ');
  return new PerfError('unreachable', `Cannot measure ${model}: expected it to be ready on ${url}, got ${got}`);
}

/** Other versions of the model, or other models. */
function whatItHas(known: readonly ModelIndexEntry[], modelName: string): string {
  const versions = known.flatMap(({ name, version }) => (name === modelName && version !== undefined ? [version] : []));
  if (versions.length > 0) return `version ${versions.join(', ')} of it`;
  const names = [...new Set(known.map(({ name }) => name))].join(', ');
  return names === '' ? 'no models to show' : names;
}

/** The configuration is an extension of Triton: a server without it is measured as one that does not batch. */
async function modelConfig(client: V2Client, settings: RunSettings): Promise<ModelConfig | undefined> {
  try {
    return await client.modelConfig({ name: settings.modelName, version: settings.modelVersion });
  } catch {
    return undefined;
  }
}
