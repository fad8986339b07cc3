import { randomBytes } from 'node:crypto';
import { dataOfModel, foreignTensors } from '../../analyzer/data/data-of-model.js';
import { type ModelSignature, modelSignature } from '../../analyzer/data/model-signature.js';
import { prepareRequests } from '../../analyzer/data/prepare-requests.js';
import type { PreparedRequest } from '../../analyzer/data/step.js';
import { cacheTestInputs, differentRequests, fewestCacheTestInputs } from '../../analyzer/limits/cache-turns.js';
import { type Share, shareOf } from '../../analyzer/load/share.js';
import {
  type PlacedModel,
  placeInSharedMemory,
  type SharedMemoryRun,
} from '../../analyzer/shared-memory/place-in-shared-memory.js';
import type { SharedSlots } from '../../analyzer/shared-memory/shared-slots.js';
import type { Targets } from '../../analyzer/targets/targets.js';
import type { ConnectionOptions } from '../client/connection.js';
import { PerfError } from '../core/perf-error.js';
import type { RunSettings } from '../core/run-settings.js';
import type { InferRequest } from '../protocol/infer.js';
import { slotsFor } from './flags/shared-memory.js';
import { type InputTexts, inputTexts } from './input-texts.js';
import type { Interrupt } from './interrupt.js';
import type { PathPlan } from './open-path.js';
import type { OpenServers } from './open-servers.js';

export interface RequestPathOptions {
  readonly settings: RunSettings;
  readonly servers: OpenServers;
  readonly interrupt: Interrupt;
  readonly connection: ConnectionOptions;
  /** Inputs and answers with at most so many bytes are kept as text; absent: none are. */
  readonly tensorLimitBytes: number | undefined;
}

/** What requests go through on their way, and answers on theirs, whoever sends them: data and shared memory. */
export interface RequestPath extends AsyncDisposable {
  /** Absent: one model on one server. */
  readonly targets: Targets | undefined;
  /** The inputs of a prepared request as JSON; absent: they are not kept. */
  readonly inputsOf: InputTexts | undefined;
  /** In the order in which they are sent. */
  readonly requests: readonly InferRequest[];
  /** For one of several senders that hold the load together. */
  plan(share: Share): PathPlan;
}

/** @throws PerfError when the data does not suit a model, or the server does not take shared memory */
export async function openRequestPath(options: RequestPathOptions): Promise<RequestPath> {
  const { settings, servers, connection, tensorLimitBytes } = options;
  const signatures = servers.first.models.map(({ metadata, config, model }) =>
    modelSignature(metadata, { modelName: model.name, modelVersion: settings.modelVersion, config }),
  );
  const byModel = signatures.map((signature) => prepareFor(signature, signatures, settings));
  const prepared = byModel.flat();
  const requests = prepared.map(({ request }) => request);
  const shared = await openSharedMemory(
    signatures.map((signature, model) => ({
      signature,
      requests: (byModel[model] ?? []).map(({ request }) => request),
    })),
    options,
  );
  const targets = targetsOf(settings, byModel, servers);
  const urls = servers.all.map(({ url }) => url);
  return {
    targets,
    requests,
    inputsOf: tensorLimitBytes === undefined ? undefined : inputTexts(requests, tensorLimitBytes),
    plan: (share) => ({
      settings,
      share,
      urls,
      connection,
      prepared,
      isDecoupled: servers.first.models.some(({ config }) => config?.model_transaction_policy?.decoupled === true),
      targets,
      shared: shared?.runs.map((run) => slotsOf(run, settings, share)),
      outputLimitBytes: tensorLimitBytes,
    }),
    [Symbol.asyncDispose]: async () => shared?.[Symbol.asyncDispose](),
  };
}

function prepareFor(
  signature: ModelSignature,
  all: readonly ModelSignature[],
  settings: RunSettings,
): PreparedRequest[] {
  if (settings.measurement.detectsCache) return prepareDifferent(signature, settings);
  if (all.length === 1) return prepareRequests({ ...settings, signature });
  const foreign = foreignTensors(signature, all);
  return prepareRequests({ ...settings, ...dataOfModel(settings, signature, all), signature, foreign });
}

/** @throws PerfError `usage` when they are too few for a server to get new inputs all the time */
function prepareDifferent(signature: ModelSignature, settings: RunSettings): PreparedRequest[] {
  if (settings.sequences !== undefined) {
    throw new PerfError('usage', 'Cannot use --detect-cache: expected a model without sequences, got one with');
  }
  const prepared = prepareRequests({ ...settings, signature, madePerShape: cacheTestInputs });
  const different = differentRequests(prepared.map(({ request }) => request)).length;
  if (different >= fewestCacheTestInputs) return prepared;
  throw new PerfError(
    'usage',
    `Cannot use --detect-cache: expected at least ${fewestCacheTestInputs} different inputs, got ${different}`,
  );
}

function targetsOf(
  { models }: RunSettings,
  byModel: readonly (readonly PreparedRequest[])[],
  { first, all }: OpenServers,
): Targets | undefined {
  if (byModel.length === 1 && all.length === 1) return undefined;
  return {
    models: first.models.map(({ model }, index) => ({
      name: model.name,
      weight: models?.[index]?.weight ?? 1,
      requestCount: byModel[index]?.length ?? 0,
    })),
    urls: all.map(({ url }) => url),
  };
}

/** Regions on every server, which know nothing of one another. */
async function openSharedMemory(
  models: readonly PlacedModel[],
  { settings, servers, interrupt }: RequestPathOptions,
): Promise<(AsyncDisposable & { readonly runs: readonly SharedMemoryRun[] }) | undefined> {
  const { sharedMemory, batchSize, load, requestTimeoutMs } = settings;
  if (sharedMemory.kind === 'none') return undefined;
  const runs: SharedMemoryRun[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(runs.map((run) => run[Symbol.asyncDispose]()));
  };
  try {
    for (const { client } of servers.all) {
      runs.push(
        await placeInSharedMemory(client, {
          runName: `perf-analyze-${process.pid}-${randomBytes(4).toString('hex')}`,
          models,
          batchSize,
          outputBytes: sharedMemory.outputBytes,
          slots: slotsFor(load, requestTimeoutMs),
          onAbandon: interrupt.onAbandon,
        }),
      );
    }
    return { runs, [Symbol.asyncDispose]: close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** As many slots as the sender has requests in flight at the most, behind those of the senders before it. */
function slotsOf(shared: SharedMemoryRun, settings: RunSettings, { index, of }: Share): SharedSlots {
  const total = slotsFor(settings.load, settings.requestTimeoutMs);
  const counts = Array.from({ length: of }, (_, each) => shareOf(total, { index: each, of }));
  const first = counts.slice(0, index).reduce((sum, count) => sum + count, 0);
  return shared.slots(first, counts[index] ?? 0);
}
