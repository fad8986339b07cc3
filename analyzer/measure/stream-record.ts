import type { StreamSummary } from '../../src/core/run.js';
import { minus, type Nanoseconds, toSeconds } from '../../src/core/units.js';
import type { Outcome } from '../load/outcome.js';
import { createLatencyRecorder, type LatencyRecorder } from './latency-recorder.js';

/** What streams add to a window: of the valid answers. */
export interface StreamRecord {
  requests: number;
  responses: number;
  fewest: number;
  most: number;
  /** From the intended time of a request to its first response. */
  readonly firstResponses: LatencyRecorder;
}

export const createStreamRecord = (): StreamRecord => ({
  requests: 0,
  responses: 0,
  fewest: Number.POSITIVE_INFINITY,
  most: 0,
  firstResponses: createLatencyRecorder(),
});

export function recordResponses(
  record: StreamRecord,
  { intendedAt, responseTimes }: Pick<Outcome, 'intendedAt' | 'responseTimes'>,
): void {
  const [first] = responseTimes;
  record.requests++;
  record.responses += responseTimes.length;
  record.fewest = Math.min(record.fewest, responseTimes.length);
  record.most = Math.max(record.most, responseTimes.length);
  if (first !== undefined) record.firstResponses.record(minus(first, intendedAt));
}

export function mergeStreamRecords(records: readonly StreamRecord[]): StreamRecord {
  const merged = createStreamRecord();
  for (const { requests, responses, fewest, most, firstResponses } of records) {
    merged.requests += requests;
    merged.responses += responses;
    merged.fewest = Math.min(merged.fewest, fewest);
    merged.most = Math.max(merged.most, most);
    merged.firstResponses.merge(firstResponses);
  }
  return merged;
}

export function summariseStream(
  { requests, responses, fewest, most, firstResponses }: StreamRecord,
  duration: Nanoseconds,
  percentiles: readonly number[],
): StreamSummary {
  const firstResponse = firstResponses.summarise(percentiles);
  return {
    responses,
    responsesPerSecond: duration > 0 ? responses / toSeconds(duration) : 0,
    ...(requests === 0 ? {} : { perRequest: { mean: responses / requests, min: fewest, max: most } }),
    ...(firstResponse === undefined ? {} : { firstResponse }),
  };
}
