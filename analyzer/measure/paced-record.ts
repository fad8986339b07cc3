import type { Pacing } from '../../src/core/run.js';
import { type Nanoseconds, toSeconds } from '../../src/core/units.js';
import { createLatencyRecorder, type LatencyRecorder } from './latency-recorder.js';

/** What an open loop adds to a window. */
export interface PacedRecord {
  /** Of the valid answers. */
  readonly serviceTimes: LatencyRecorder;
  /** Of all requests that were sent in the window. */
  readonly sendLags: LatencyRecorder;
  /** By intended time, as `dropped`. */
  intended: number;
  dropped: number;
}

export const createPacedRecord = (): PacedRecord => ({
  serviceTimes: createLatencyRecorder(),
  sendLags: createLatencyRecorder(),
  intended: 0,
  dropped: 0,
});

export function compactPacedRecord({ serviceTimes, sendLags }: PacedRecord): void {
  serviceTimes.compact();
  sendLags.compact();
}

export function mergePacedRecords(records: readonly PacedRecord[]): PacedRecord {
  const merged = createPacedRecord();
  for (const record of records) {
    merged.serviceTimes.merge(record.serviceTimes);
    merged.sendLags.merge(record.sendLags);
    merged.intended += record.intended;
    merged.dropped += record.dropped;
  }
  return merged;
}

export function summarisePacing(record: PacedRecord, duration: Nanoseconds, percentiles: readonly number[]): Pacing {
  const { intended, dropped, serviceTimes, sendLags } = record;
  const serviceTime = serviceTimes.summarise(percentiles);
  const sendLag = sendLags.summarise(percentiles);
  return {
    intended,
    sent: sendLags.count,
    dropped,
    askedRate: perSecond(intended, duration),
    achievedRate: perSecond(sendLags.count, duration),
    ...(serviceTime === undefined ? {} : { serviceTime }),
    ...(sendLag === undefined ? {} : { sendLag }),
  };
}

const perSecond = (count: number, duration: Nanoseconds): number => (duration > 0 ? count / toSeconds(duration) : 0);
