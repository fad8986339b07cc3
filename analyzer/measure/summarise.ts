import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { Measured, ServerSplit } from '../../src/core/run.js';
import { minus, type Nanoseconds, ns, toMs, toSeconds } from '../../src/core/units.js';
import { createLatencyRecorder } from './latency-recorder.js';
import { mergePacedRecords, summarisePacing } from './paced-record.js';
import { mergeStreamRecords, summariseStream } from './stream-record.js';
import type { WindowRecord } from './window-series.js';

/** The percentiles of every report. */
export const reportedPercentiles: readonly number[] = [50, 90, 95, 99, 99.9];

/** A stretch of time that can be summarised: a window, or several merged. */
export type Summable = Omit<WindowRecord, 'answeredFailures' | 'isLost' | 'parts'>;

export interface SummaryOptions {
  readonly batchSize: number;
  readonly percentiles: readonly number[];
}

/** Adjoining windows as one: samples are merged, not averaged. */
export function mergeWindows(windows: readonly WindowRecord[]): Summable {
  const latencies = createLatencyRecorder();
  for (const window of windows) latencies.merge(window.latencies);
  const paced = windows.flatMap((window) => window.paced ?? []);
  const streamed = windows.flatMap((window) => window.streamed ?? []);
  const total = (pick: (window: WindowRecord) => number): number =>
    windows.reduce((sum, window) => sum + pick(window), 0);
  return {
    startedAt: windows[0]?.startedAt ?? ns(0),
    endedAt: windows.at(-1)?.endedAt ?? ns(0),
    latencies,
    paced: paced.length === 0 ? undefined : mergePacedRecords(paced),
    streamed: streamed.length === 0 ? undefined : mergeStreamRecords(streamed),
    failedRequests: total(({ failedRequests }) => failedRequests),
    sendTime: ns(total(({ sendTime }) => sendTime)),
    receiveTime: ns(total(({ receiveTime }) => receiveTime)),
  };
}

/** The figures of a window. A stretch without a valid answer has no latency and no split. */
export function summarise(window: Summable, server: ServerSplit | undefined, options: SummaryOptions): Measured {
  const { latencies } = window;
  const requests = latencies.count;
  const duration = minus(window.endedAt, window.startedAt);
  const latency = latencies.summarise(options.percentiles);
  return {
    durationMs: toMs(duration),
    requests,
    failedRequests: window.failedRequests,
    throughput: throughputOf(window, options.batchSize),
    ...(latency === undefined ? {} : { latency }),
    ...(latency === undefined || isDecoupled(window)
      ? {}
      : { client: { sendMs: meanMs(window.sendTime, requests), receiveMs: meanMs(window.receiveTime, requests) } }),
    ...(window.paced === undefined ? {} : { pacing: summarisePacing(window.paced, duration, options.percentiles) }),
    ...(window.streamed === undefined
      ? {}
      : { stream: summariseStream(window.streamed, duration, options.percentiles) }),
    ...(server === undefined ? {} : { server }),
    histogram: encodeIntoCompressedBase64(latencies.histogram()),
  };
}

/** The server computes between the first response and the last, which is then no time of receiving. */
const isDecoupled = ({ streamed }: Summable): boolean =>
  streamed !== undefined && streamed.responses !== streamed.requests;

/** Inferences per second: valid answers x batch size / duration. */
export function throughputOf(window: Summable, batchSize: number): number {
  const duration = minus(window.endedAt, window.startedAt);
  return duration > 0 ? (window.latencies.count * batchSize) / toSeconds(duration) : 0;
}

const meanMs = (total: Nanoseconds, count: number): number => toMs(ns(total / count));
