import pLimit from 'p-limit';
import type { V2Client } from '../../src/client/v2-client.js';
import { messageOf, PerfError } from '../../src/core/perf-error.js';
import type { InferRequest } from '../../src/protocol/infer.js';
import type { ModelSignature } from '../data/model-signature.js';
import { type InputLayout, layOutInputs, layOutOutputs, type OutputLayout, outputsIn } from './shared-layout.js';
import { createSharedObject, type SharedObject } from './shared-object.js';
import type { SharedSlots } from './shared-slots.js';

/** A model, and its requests in the order in which they are sent. */
export interface PlacedModel {
  readonly requests: readonly InferRequest[];
  readonly signature: ModelSignature;
}

export interface SharedMemoryOptions {
  /** Begins the names of all regions; unique to the run. */
  readonly runName: string;
  /** One model after the other, as their requests are numbered. */
  readonly models: readonly PlacedModel[];
  readonly batchSize: number;
  /** For an inference, of an output whose size the model does not say. */
  readonly outputBytes: number;
  /** The largest number of requests in flight. */
  readonly slots: number;
  /** Gets what must be done when the program leaves at once; returns how to take it back. */
  readonly onAbandon: (end: () => void) => () => void;
}

/** A run whose tensors lie in shared memory. Disposal takes back what was registered, and nothing else. */
export interface SharedMemoryRun extends AsyncDisposable {
  /** What a sender needs that may have so many requests in flight, beginning with that slot: no other may have it. */
  slots(first: number, count: number): SharedSlots;
}

/** More prepared requests than this would take more memory than the data. */
const largestRequestCount = 2 ** 17;
const registrationsAtATime = 16;

/**
 * Puts the inputs of all requests into one region, once, and gives each request in flight a region for its outputs, large enough
 * for those of any model. The names of the objects are taken away as soon as the server has them open, so that nothing is left of them whatever
 * becomes of us.
 *
 * @throws PerfError `file` without room in the shared-memory folder, `unreachable` when the server refuses
 */
export async function placeInSharedMemory(client: V2Client, options: SharedMemoryOptions): Promise<SharedMemoryRun> {
  const { runName, models, batchSize, outputBytes, slots } = options;
  const requests = models.flatMap((model) => model.requests);
  const distinct = [...new Set(requests)];
  checkCount(distinct.length, slots);
  const inputs = layOutInputs(distinct, `${runName}-in`);
  const layouts = models.flatMap(({ signature, requests: own }) => {
    const layout = layOutOutputs(signature.outputs, { batchSize, unknownBytes: outputBytes });
    return own.map(() => layout);
  });
  const slotBytes = Math.max(0, ...new Set(layouts.map(({ byteSize }) => byteSize)));
  const registry = createRegistry(client, options);
  try {
    const slotObjects = await registry.fill(inputs, slotBytes);
    return runOf({ requests, distinct, inputs, layouts, slotObjects, registry, runName, slots });
  } catch (thrown) {
    await registry.close();
    throw thrown;
  }
}

function checkCount(distinct: number, slots: number): void {
  if (distinct * slots <= largestRequestCount) return;
  throw new PerfError(
    'usage',
    `Cannot use --shared-memory system with ${distinct} requests and ${slots} in flight: expected a product of at most ${largestRequestCount}, got ${distinct * slots}`,
    { hint: 'Each request is prepared once for each output region. Use less data, or less load.' },
  );
}

interface Parts {
  readonly requests: readonly InferRequest[];
  readonly distinct: readonly InferRequest[];
  readonly inputs: InputLayout;
  /** By the number of the request. */
  readonly layouts: readonly OutputLayout[];
  readonly slotObjects: readonly SharedObject[];
  readonly registry: Registry;
  readonly runName: string;
  readonly slots: number;
}

function runOf(parts: Parts): SharedMemoryRun {
  const { requests, distinct, inputs, layouts, slotObjects, registry, runName, slots } = parts;
  const requested = new Map(
    [...new Set(layouts)].map((layout) => {
      const bySlot = Array.from({ length: slots }, (_, slot) => outputsIn(outputRegion(runName, slot), layout));
      return [layout, bySlot] as const;
    }),
  );
  const layoutOf = new Map(requests.map((request, index) => [request, layouts[index]] as const));
  const placed = new Map(
    distinct.map((request, index) => {
      const layout = layoutOf.get(request);
      const wanted = (layout && requested.get(layout)) ?? [];
      return [request, wanted.map((outputs) => ({ ...(inputs.requests[index] ?? request), outputs }))] as const;
    }),
  );
  return {
    slots: (first, count) => ({
      count,
      requests: requests.flatMap((request) => placed.get(request)?.slice(first, first + count) ?? []),
      layouts,
      files: slotObjects.slice(first, first + count).map(({ file }) => file),
    }),
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

const outputRegion = (runName: string, slot: number): string => `${runName}-out-${slot}`;

interface Registry {
  /** Creates, fills and registers everything; the objects of the slots. */
  fill(inputs: InputLayout, slotBytes: number): Promise<SharedObject[]>;
  /** Never rejects: a server that is gone has nothing of ours. */
  close(): Promise<void>;
}

function createRegistry(client: V2Client, { runName, slots, onAbandon }: SharedMemoryOptions): Registry {
  const objects: SharedObject[] = [];
  const registered: string[] = [];
  const limit = pLimit(registrationsAtATime);
  const unlinkAll = (): void => {
    for (const object of objects) object.unlink();
  };
  const release = onAbandon(unlinkAll);

  const create = (name: string, byteSize: number): SharedObject => {
    const object = createSharedObject(name, byteSize);
    objects.push(object);
    return object;
  };
  const register = async (name: string, { key }: SharedObject, byteSize: number): Promise<void> => {
    try {
      registered.push(name); // also when the answer is lost
      await client.registerSystemSharedMemory({ name, key, byteSize });
    } catch (cause) {
      throw refusedRegion(cause);
    }
  };

  return {
    fill: async (inputs, slotBytes) => {
      const pending: (() => Promise<void>)[] = [];
      if (inputs.byteSize > 0) {
        const name = `${runName}-in`;
        const object = create(name, inputs.byteSize);
        for (const { offset, data } of inputs.areas) object.write(offset, data);
        pending.push(() => register(name, object, inputs.byteSize));
      }
      const slotObjects = Array.from({ length: slotBytes > 0 ? slots : 0 }, (_, slot) => {
        const name = outputRegion(runName, slot);
        const object = create(name, slotBytes);
        pending.push(() => register(name, object, slotBytes));
        return object;
      });
      const settled = await Promise.allSettled(pending.map((each) => limit(each)));
      const failed = settled.find((each) => each.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      unlinkAll();
      return slotObjects;
    },
    close: async () => {
      await Promise.allSettled(registered.map((name) => limit(() => client.unregisterSystemSharedMemory(name))));
      for (const object of objects) object[Symbol.dispose]();
      release();
    },
  };
}

function refusedRegion(cause: unknown): PerfError {
  return new PerfError(
    'unreachable',
    `Cannot use --shared-memory system: expected the server to register a region, got ${messageOf(cause)}`,
    {
      cause,
      hint: 'The server must run on this machine, see the same /dev/shm, and allow it (Triton: --allow-client-shm=true).',
    },
  );
}
