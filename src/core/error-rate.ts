import type { Measured } from './run.js';

/** Above this share of failed requests the figures of a level describe something else than the model. */
export const largestErrorRate = 0.01;

/** The share of requests that failed, 0 to 1; 0 without a request. */
export function errorRate({ requests, failedRequests }: Measured): number {
  return failedRequests === 0 ? 0 : failedRequests / (requests + failedRequests);
}
