import type { Load } from '../../src/core/load.js';
import type { PerfErrorCode } from '../../src/core/perf-error.js';
import type { SequenceCounts } from '../../src/core/run.js';
import type { Nanoseconds } from '../../src/core/units.js';
import type { Share } from '../load/share.js';
import type { ThreadReading } from '../measure/client-meter.js';
import type { EventReport } from './event-report.js';

/** A load, of which the thread holds its share. */
export interface ThreadOrder {
  readonly load: Load;
  readonly share: Share;
  /** Of all threads together. */
  readonly limit: number | undefined;
  /** How many requests of a closed loop with a limit the threads have taken, together. */
  readonly taken: Int32Array<SharedArrayBuffer> | undefined;
}

/** What a thread that sends can be told to do; a promise is answered when it is fulfilled. */
export interface ThreadCalls {
  /** Opens the transport of a level. */
  open(): void;
  prepare(order: ThreadOrder): Promise<void>;
  start(startAt: Nanoseconds): void;
  halt(): Promise<HaltedShare>;
  stop(drainLimitMs?: number): Promise<void>;
  /** Lets go of what was prepared. */
  release(): Promise<void>;
  close(): Promise<void>;
  startMeter(): void;
  readMeter(): ThreadReading;
}

export interface HaltedShare {
  /** Everything up to this moment has been told. */
  readonly toldUntil: Nanoseconds;
  readonly sequences: SequenceCounts | undefined;
}

export type CallName = keyof ThreadCalls;

/** What comes from a thread: first `ready` or `refused`, then reports and answers. */
export type ThreadMessage =
  | { readonly kind: 'ready' }
  /** The thread cannot do what it was started for; nothing else comes. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'report'; readonly report: EventReport }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown };

/** What is left of a `PerfError` between threads. */
export interface Refusal {
  readonly code: PerfErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}

export interface ThreadCall {
  readonly id: number;
  readonly name: CallName;
  readonly argument: unknown;
}
