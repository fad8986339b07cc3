import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import type { InferRequest } from '../../protocol/infer.js';
import type { Tensor } from '../../protocol/tensor.js';
import type { VersionStatistics } from '../statistics/version-statistics.js';
import { requestKey } from './request-key.js';
import type { ResponseCache } from './response-cache.js';

/** What computes the outputs of a request when the cache has none. */
export type ComputeOutputs = () => Promise<readonly Tensor[]>;

/** Outputs of a valid request, from the cache if they are there. */
export type Recall = (
  request: InferRequest,
  inputs: readonly Tensor[],
  compute: ComputeOutputs,
) => Promise<readonly Tensor[]>;

/** Without a cache: everything is computed. */
export const recallNothing: Recall = (_request, _inputs, compute) => compute();

/**
 * For one loaded version: looks up before the queue, and keeps what was computed (model configuration, 7.5). A hit is a
 * success without an execution, a miss counts whether it ends well or not.
 */
export function recallFrom(
  cache: ResponseCache,
  { clock, statistics }: { readonly clock: Clock; readonly statistics: VersionStatistics },
): Recall {
  const served = randomUUID();
  return async (request, inputs, compute) => {
    const start = clock.now();
    const key = requestKey(served, request, inputs);
    const found = cache.lookUp(key);
    const lookupNs = clock.now() - start;
    if (found !== undefined) {
      statistics.recordCacheHit(lookupNs);
      return found;
    }
    let insertNs = 0;
    try {
      const outputs = await compute();
      const computed = clock.now();
      cache.insert(key, outputs);
      insertNs = clock.now() - computed;
      return outputs;
    } finally {
      statistics.recordCacheMiss(lookupNs + insertNs);
    }
  };
}
