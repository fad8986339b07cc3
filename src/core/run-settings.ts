import type { CertifySettings } from './certify.js';
import type { NamedVersion } from './composing.js';
import type { InputDataSettings, ShapeChoice } from './input-data.js';
import type { LoadSettings } from './load.js';
import type { MaxRateSettings } from './max-rate.js';
import type { ScenarioSettings } from './scenario.js';

/** When a level that is measured until it is sure may end. */
export interface AdaptiveSettings {
  /** The intervals of throughput and of latency must be within so many per cent of the figure. */
  readonly precisionPercent: number;
  readonly minMs: number;
  readonly maxMs: number;
}

export interface MeasurementSettings {
  /**
   * `request_count`: a level is exactly so many requests, in one window, which is not checked for stability. `adaptive`: short
   * windows of time, until the figures are precise.
   */
  readonly mode: 'time_windows' | 'count_windows' | 'request_count' | 'adaptive';
  /** Of mode `adaptive`, unless levels are certified, probes or a scenario, and only there. */
  readonly adaptive?: AdaptiveSettings;
  /** Of mode `adaptive`: a level ends when it is certain of this, whatever the precision. */
  readonly certify?: CertifySettings;
  /** Of mode `adaptive`: levels are probes of a search for the largest rate. */
  readonly maxRate?: MaxRateSettings;
  /** Of mode `adaptive`: a level is held for as long as this scenario of MLPerf asks for. */
  readonly scenario?: ScenarioSettings;
  /** Of mode `request_count`: one request at a time, new inputs and repeated ones in turn. */
  readonly detectsCache?: true;
  readonly intervalMs: number;
  /** Of a window, or of the level. */
  readonly requestCount: number;
  /** Sent before each level, and not recorded. */
  readonly warmupRequestCount: number;
  /**
   * How long a count of requests, warm-up included, waits while none is answered: a window of a given length ends by itself.
   * Absent: for as long as it takes.
   */
  readonly silenceLimitMs?: number;
  /**
   * Largest accepted ratio of maximum to minimum over the last windows, minus one, in per cent; and by how much a steady level
   * may drift.
   */
  readonly stabilityPercent: number;
  readonly maxTrials: number;
  /** With a larger share of failed requests a level is invalid. */
  readonly maxErrorRatePercent: number;
  /** The percentile that stability, the latency limit and the summary look at; absent = the mean. */
  readonly percentile?: number;
  /** Windows of a level that looks: it ends with one in which half of the answers, of at least 20, took longer than this. */
  readonly hopelessMs?: number;
  /** The same: one in which at least 20 answers brought fewer inferences a second than this. */
  readonly hopelessThroughput?: number;
}

/** How requests travel. */
export interface WireSettings {
  /** Of the header fields that were added; values may be secret, so they are not kept. */
  readonly headerNames: readonly string[];
  /** Sent with every request. */
  readonly requestParameters: Readonly<Record<string, boolean | number | string>>;
  readonly inputFormat: 'binary' | 'json';
  readonly outputFormat: 'binary' | 'json';
  /** Of requests; answers may have the same. */
  readonly compression: 'none' | 'gzip' | 'deflate';
  /** Requests go to streams (gRPC `ModelStreamInfer`); absent: each is a call. */
  readonly streaming?: true;
}

/** What was set for the server's traces, by the names of the protocol; put back after the run. */
export type TraceSettings = Readonly<Record<string, readonly string[]>>;

/** How requests are put into sequences. */
export interface SequenceSettings {
  /** How many run at the same time in an open loop; a closed one has one for each request in flight. */
  readonly concurrent: number;
  /** How many requests a sequence has on average; absent: as many as its data stream has steps. */
  readonly length?: number;
  /** How far the length may lie from that, in per cent of it. */
  readonly lengthVariationPercent: number;
  /** The smallest correlation id, and how many there are. */
  readonly firstId: number;
  readonly idCount: number;
  /** Also in an open loop at most one request of a sequence is in flight. */
  readonly isSerial: boolean;
}

export interface MetricsSettings {
  readonly intervalMs: number;
  /** As given; absent = the server's own. */
  readonly url?: string;
  /** Of several servers, in their order, as given; absent = their own. */
  readonly urls?: readonly string[];
}

/** Where tensors travel. */
export type SharedMemorySettings =
  | { readonly kind: 'none' }
  /** `outputBytes`: room for an output of one inference whose size the model does not say. */
  | { readonly kind: 'system'; readonly outputBytes: number };

/** A model of a run that measures several at once. */
export interface ModelShare {
  readonly name: string;
  /** Its share of the requests is this over the sum of the weights. */
  readonly weight: number;
}

export interface RunSettings {
  /** Of several: their names, separated by commas. */
  readonly modelName: string;
  /** Several models at once; absent: the one of `modelName`. */
  readonly models?: readonly ModelShare[];
  readonly modelVersion: string;
  readonly protocol: 'http' | 'grpc';
  readonly batchSize: number;
  readonly load: LoadSettings;
  /** Over how many threads the load is spread, at most. */
  readonly maxThreads: number;
  readonly latencyLimitMs?: number;
  /** Absent: a request may take as long as it takes. */
  readonly requestTimeoutMs?: number;
  readonly measurement: MeasurementSettings;
  /** By input, as `--shape` gave them; several of one input are mixed. */
  readonly shapes: Readonly<Record<string, readonly ShapeChoice[]>>;
  readonly data: InputDataSettings;
  readonly sharedMemory: SharedMemorySettings;
  readonly seed: number;
  readonly wire: WireSettings;
  /** Absent: requests belong to no sequences. */
  readonly sequences?: SequenceSettings;
  /** Absent: the metrics endpoint is not polled. */
  readonly metrics?: MetricsSettings;
  readonly trace?: TraceSettings;
  /** Models that the measured one calls by itself, as the user says; absent without any. */
  readonly blsComposingModels?: readonly NamedVersion[];
}
