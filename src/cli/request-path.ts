import { randomBytes } from 'node:crypto';
import { modelSignature } from '../../analyzer/data/model-signature.js';
import { prepareRequests } from '../../analyzer/data/prepare-requests.js';
import { type Share, shareOf } from '../../analyzer/load/share.js';
import { placeInSharedMemory, type SharedMemoryRun } from '../../analyzer/shared-memory/place-in-shared-memory.js';
import type { SharedSlots } from '../../analyzer/shared-memory/shared-slots.js';
import type { ConnectionOptions } from '../client/connection.js';
import type { V2Client } from '../client/v2-client.js';
import type { RunSettings } from '../core/run.js';
import type { InferRequest } from '../protocol/infer.js';
import { slotsFor } from './flags/shared-memory.js';
import type { Interrupt } from './interrupt.js';
import type { PathPlan } from './open-path.js';
import type { Target } from './open-target.js';

export interface RequestPathOptions {
  readonly settings: RunSettings;
  readonly target: Target;
  readonly client: V2Client;
  readonly interrupt: Interrupt;
  readonly url: string;
  readonly connection: ConnectionOptions;
}

/** What requests go through on their way, and answers on theirs, whoever sends them: data and shared memory. */
export interface RequestPath extends AsyncDisposable {
  /** For one of several senders that hold the load together. */
  plan(share: Share): PathPlan;
}

/** @throws PerfError when the data does not suit the model, or the server does not take shared memory */
export async function openRequestPath(options: RequestPathOptions): Promise<RequestPath> {
  const { settings, target, url, connection } = options;
  const signature = modelSignature(target.metadata, { ...settings, config: target.config });
  const prepared = prepareRequests({ ...settings, signature });
  const requests = prepared.map(({ request }) => request);
  const shared = await openSharedMemory(requests, signature, options);
  return {
    plan: (share) => ({
      settings,
      url,
      connection,
      prepared,
      isDecoupled: target.config?.model_transaction_policy?.decoupled === true,
      shared: shared && slotsOf(shared, settings, share),
    }),
    [Symbol.asyncDispose]: async () => shared?.[Symbol.asyncDispose](),
  };
}

async function openSharedMemory(
  requests: readonly InferRequest[],
  signature: ReturnType<typeof modelSignature>,
  { settings, client, interrupt }: RequestPathOptions,
): Promise<SharedMemoryRun | undefined> {
  const { sharedMemory, batchSize, load } = settings;
  if (sharedMemory.kind === 'none') return undefined;
  return placeInSharedMemory(client, {
    runName: `perf-analyze-${process.pid}-${randomBytes(4).toString('hex')}`,
    requests,
    signature,
    batchSize,
    outputBytes: sharedMemory.outputBytes,
    slots: slotsFor(load),
    onAbandon: interrupt.onAbandon,
  });
}

/** As many slots as the sender has requests in flight at the most, behind those of the senders before it. */
function slotsOf(shared: SharedMemoryRun, { load }: RunSettings, { index, of }: Share): SharedSlots {
  const counts = Array.from({ length: of }, (_, each) => shareOf(slotsFor(load), { index: each, of }));
  const first = counts.slice(0, index).reduce((sum, count) => sum + count, 0);
  return shared.slots(first, counts[index] ?? 0);
}
