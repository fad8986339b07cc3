import type { ConnectionOptions } from '../client/connection.js';
import type { V2Client } from '../client/v2-client.js';
import { PerfError } from '../core/perf-error.js';
import type { RunSettings } from '../core/run-settings.js';
import type { ModelMetadata, TensorMetadata } from '../protocol/metadata.js';
import { connect } from './connect.js';
import { openTarget, type Target } from './open-target.js';

/** A server that takes part in a run. */
export interface OpenServer {
  readonly url: string;
  readonly client: V2Client;
  /** Its models, in the order of the settings. */
  readonly models: readonly Target[];
}

/** At least one server; each has all models. */
export interface OpenServers extends AsyncDisposable {
  readonly first: OpenServer;
  readonly all: readonly OpenServer[];
}

/** What the settings measure: one model, or several. */
export const modelNames = ({ modelName, models }: RunSettings): readonly string[] =>
  models?.map(({ name }) => name) ?? [modelName];

/**
 * Asks every server what it is and what its models look like, before any load.
 *
 * Rejects with the reason of `signal` as soon as that aborts.
 *
 * @throws PerfError `unreachable` when one does not answer or a model is not ready, `usage` when a batch does not fit, or when
 *   servers differ in a model
 */
export async function openServers(
  settings: RunSettings,
  urls: readonly string[],
  connection: ConnectionOptions,
  signal?: AbortSignal,
): Promise<OpenServers> {
  const clients = await Promise.all(urls.map((url) => connect(settings.protocol, url, connection)));
  const close = async () => {
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  };
  using _ = onceAborted(signal, () => void close()); // a server that says nothing does not hold up who wants to leave
  try {
    const all: OpenServer[] = [];
    for (const [index, client] of clients.entries()) all.push(await openServer(settings, client, urls[index] ?? ''));
    const [first] = all;
    if (first === undefined) throw new Error('a run has at least one server');
    for (const other of all) checkAlike(first, other);
    return { first, all, [Symbol.asyncDispose]: close };
  } catch (thrown) {
    await close();
    signal?.throwIfAborted();
    throw thrown;
  }
}

function onceAborted(signal: AbortSignal | undefined, react: () => void): Disposable {
  signal?.addEventListener('abort', react, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', react) };
}

async function openServer(settings: RunSettings, client: V2Client, url: string): Promise<OpenServer> {
  const models: Target[] = [];
  for (const modelName of modelNames(settings)) {
    models.push(await openTarget(client, { ...settings, modelName }, url));
  }
  return { url, client, models };
}

/** Requests are made once for all servers. */
function checkAlike(first: OpenServer, other: OpenServer): void {
  first.models.forEach((model, index) => {
    const rival = other.models[index];
    if (rival === undefined) return;
    const [expected, got] = [formOf(model), formOf(rival)];
    if (expected === got) return;
    throw new PerfError(
      'usage',
      `Cannot measure model '${model.model.name}' on ${first.url} and ${other.url} together: expected the same inputs and outputs, got ${expected} and ${got}`,
    );
  });
}

const formOf = ({ metadata, model }: Target): string =>
  `${tensorsText(metadata)}, max_batch_size ${model.maxBatchSize}`;

const tensorsText = ({ inputs, outputs }: ModelMetadata): string => `${listText(inputs)} -> ${listText(outputs)}`;

/** In a fixed order: servers may list tensors as they like. */
const listText = (tensors: readonly TensorMetadata[]): string =>
  tensors
    .map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(',')}]`)
    .sort()
    .join(', ');
