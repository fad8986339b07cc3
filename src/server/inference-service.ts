import type { InferRequest, InferResponse } from '../protocol/infer.js';
import type { ModelIndexEntry, ModelMetadata, ServerMetadata } from '../protocol/metadata.js';
import type { ModelConfig } from '../protocol/model-config.js';
import type { ModelStatistics } from '../protocol/statistics.js';
import type { ServerLog } from './logging/server-log.js';
import type { TakeAnswer } from './partial-answer.js';
import type { SharedMemoryControl } from './shared-memory/shared-memory.js';
import type { FailureCounts } from './statistics/failure-reason.js';
import type { KeptMetrics } from './statistics/version-statistics.js';
import type { TraceChanges, TraceSettings } from './tracing/trace-settings.js';

/** A value of a repository load parameter: `config` and others are text, `file:...` is bytes. */
export type LoadParameter = string | Uint8Array | number | boolean;

/** The trace extension. An empty name means the settings of the server. Refuses `not-found` for an unknown model. */
export interface TraceControl {
  settings(model: string): TraceSettings;
  update(model: string, changes: TraceChanges): TraceSettings;
}

/** One model version: an empty version means the server's choice, the highest that is ready. */
export interface ModelReference {
  readonly name: string;
  readonly version: string;
}

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onAnswer: TakeAnswer;
}

/**
 * The v2 protocol without a transport. HTTP and gRPC front ends translate to and from it and decide nothing else.
 * Every method throws or rejects with `RefusalError` when the server refuses, and with a `ProtocolError` when the
 * request itself breaks the protocol; anything else is a bug.
 */
export interface InferenceService {
  isLive(): boolean;
  isReady(): boolean;
  /** Refuses `not-found` for an unknown model, `unavailable` for a version that is not ready. */
  isModelReady(model: ModelReference): boolean;
  serverMetadata(): ServerMetadata;
  modelMetadata(model: ModelReference): ModelMetadata;
  modelConfig(model: ModelReference): ModelConfig;
  /** An empty name means all ready models, an empty version all ready versions. */
  statistics(model: ModelReference): readonly ModelStatistics[];
  /**
   * Failed requests by reason, per ready model version. REJECTED also counts those that found the queue full, which
   * `statistics` leaves out; apart from them the sum is its `fail`.
   */
  failures(): readonly (ModelReference & { readonly counts: FailureCounts })[];
  /** Requests that are enqueued and not yet executing, per ready model version. */
  pendingRequests(): readonly (ModelReference & { readonly count: number })[];
  /** How long each ready model version took to load. */
  loadDurations(): readonly (ModelReference & { readonly seconds: number })[];
  /** What `/metrics` has beside the statistics, per ready model version. */
  keptMetrics(): readonly (ModelReference & { readonly kept: KeptMetrics })[];
  repositoryIndex(options: { readonly readyOnly: boolean }): Promise<readonly ModelIndexEntry[]>;
  /** Resolves when the model serves; a failed load keeps what served before. */
  loadModel(name: string, parameters: ReadonlyMap<string, LoadParameter>): Promise<void>;
  /** Resolves when the unload is scheduled: requests that were accepted are still answered. */
  unloadModel(name: string, options: { readonly unloadDependents: boolean }): Promise<void>;
  readonly sharedMemory: SharedMemoryControl;
  readonly log: ServerLog;
  readonly trace: TraceControl;
  /**
   * `signal` drops the request while it waits in a queue; one that executes is finished. The data of the inputs is read
   * until the promise settles, and not after: front ends use their buffers again. The data of the outputs is none of theirs.
   */
  infer(request: InferRequest, signal?: AbortSignal): Promise<InferResponse>;
  /** Whether the model gives any number of responses to a request. Refuses as `isModelReady` does. */
  isDecoupled(model: ModelReference): boolean;
  /** As `infer`, for a decoupled model. Resolves after the last answer; rejects when the request failed before its end. */
  inferStream(request: InferRequest, options: StreamOptions): Promise<void>;
}
