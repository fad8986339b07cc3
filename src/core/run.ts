import type { CacheTest } from './cache-test.js';
import type { Certainty, Interval } from './certainty.js';
import type { Certification } from './certify.js';
import type { ComposingModel } from './composing.js';
import type { FailureCount } from './failure.js';
import type { Knee } from './knee.js';
import type { Load } from './load.js';
import type { MaxRate, Probe } from './max-rate.js';
import type { RunSettings } from './run-settings.js';
import type { ScenarioResult } from './scenario.js';

/** Milliseconds. Mean, deviation, minimum and maximum are exact; percentiles are within 0.1 % of the sample (HdrHistogram). */
export interface LatencySummary {
  readonly meanMs: number;
  /** Sample standard deviation; 0 for a single request. */
  readonly stdMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** By percentile in per cent, e.g. `"99.9"`. */
  readonly percentilesMs: Readonly<Record<string, number>>;
}

/** Where the time of a request goes, in the client: means per request. */
export interface ClientSplit {
  /** Handing the request over to the transport. */
  readonly sendMs: number;
  /** From the first to the last byte of the answer. */
  readonly receiveMs: number;
}

/** Executions of a model with one batch size. */
export interface BatchCount {
  readonly size: number;
  readonly executions: number;
}

/** What the statistics extension says about a stretch of time: counts, and means per successful request. */
export interface ServerSplit {
  readonly requests: number;
  readonly failedRequests: number;
  readonly inferences: number;
  readonly executions: number;
  /** Inferences per execution: the batch size that the server reached. */
  readonly meanBatchSize: number;
  /** How many executions had which size, by rising size; absent where the server does not say. */
  readonly batches?: readonly BatchCount[];
  /** The whole request inside the server: queue + compute + overhead. */
  readonly requestMs: number;
  readonly queueMs: number;
  readonly computeInputMs: number;
  readonly computeInferMs: number;
  readonly computeOutputMs: number;
  readonly overheadMs: number;
  /**
   * The client's mean latency over the same requests, which are not quite those of the window: the server counts a
   * request when it has finished it, the client when the answer has arrived. Absent when others used the model too.
   */
  readonly clientMs?: number;
  /** Mean per hit and per miss; only with a response cache. */
  readonly cache?: {
    readonly hits: number;
    readonly misses: number;
    readonly hitMs: number;
    readonly missMs: number;
  };
}

/** What a model that works within the measured one did: means are per request of that model. */
export interface ComposingSplit extends ComposingModel {
  /** The version that worked most. */
  readonly version: string;
  readonly server: ServerSplit;
}

/**
 * Open loop: how well the client kept its schedule. The headline latency of an open loop is the response time, from the
 * intended time of a request to the end of its answer: its parts are here.
 */
export interface Pacing {
  /** Requests that the schedule has in this stretch. */
  readonly intended: number;
  /** Requests that left in this stretch. */
  readonly sent: number;
  /** Of the intended ones: never sent, since too many were outstanding or the level was over. */
  readonly dropped: number;
  /** Intended and sent requests per second. */
  readonly askedRate: number;
  readonly achievedRate: number;
  /** From sending a request to the end of its answer; absent when no request was answered validly. */
  readonly serviceTime?: LatencySummary;
  /** From the intended time of a request to its sending; absent when none was sent. */
  readonly sendLag?: LatencySummary;
}

/** What came back in streams, of the valid answers. The empty last response of a server is not counted. */
export interface StreamSummary {
  readonly responses: number;
  readonly responsesPerSecond: number;
  /** Absent when no request was answered validly. */
  readonly perRequest?: { readonly mean: number; readonly min: number; readonly max: number };
  /** From the time that latency counts from to the first response; absent when no request had one. */
  readonly firstResponse?: LatencySummary;
}

/** What was measured in a stretch of time: one window, or several merged. */
export interface Measured {
  readonly durationMs: number;
  /** Requests that were answered validly in this stretch. */
  readonly requests: number;
  readonly failedRequests: number;
  /** Inferences per second: requests x batch size / duration. */
  readonly throughput: number;
  /**
   * Closed loop: service time, from sending. Open loop: response time, from the intended time.
   * To the last response of a stream. Absent when no request was answered validly, as is `client`.
   */
  readonly latency?: LatencySummary;
  /** Open loop only. */
  readonly pacing?: Pacing;
  /** Streams only. */
  readonly stream?: StreamSummary;
  /** Absent, too, when a request does not have exactly one response. */
  readonly client?: ClientSplit;
  /** Absent when the server has no statistics extension or did not answer. */
  readonly server?: ServerSplit;
  /** Latencies in nanoseconds: HdrHistogram V2, compressed, base64. */
  readonly histogram: string;
}

export interface Window extends Measured {
  readonly index: number;
  /** Since the start of the level. */
  readonly startMs: number;
}

export type Instability =
  /** Fewer windows than the check needs: the run was limited or interrupted. */
  | 'too-few-windows'
  | 'throughput'
  | 'latency'
  /** Adaptive levels: after the longest time an interval was wider than asked for. */
  | 'not-precise'
  /** Adaptive levels: latency or throughput drifted or oscillated to the end. */
  | 'not-steady'
  /** Levels that are certified: neither PASS nor FAIL was certain after the longest time. */
  | 'undecided'
  | 'no-valid-requests'
  | 'interrupted'
  /** It ended, or nothing reached it for a whole window. */
  | 'server-lost'
  /** Requests of a count were waiting, and for too long none was answered. */
  | 'no-answer';

export type Stability = { readonly stable: true } | { readonly stable: false; readonly reason: Instability };

/**
 * Where the requests of a level went, from its start until its measurement ended: `intended` = `sent` + `dropped`,
 * `sent` = `ok` + `failed` + `inFlight`.
 */
export interface RequestCounts {
  readonly intended: number;
  readonly sent: number;
  readonly dropped: number;
  readonly ok: number;
  readonly failed: number;
  /** Not yet answered when the measurement ended. */
  readonly inFlight: number;
}

/**
 * Where the sequences of a level went, from its start until its measurement ended; those that were neither completed nor
 * failed were still going on.
 */
export interface SequenceCounts {
  readonly begun: number;
  /** All their requests were answered. */
  readonly completed: number;
  /** Cut short, since a request failed. */
  readonly failed: number;
}

/** A pause for garbage collection. */
export interface Pause {
  /** Since the start of the level. */
  readonly atMs: number;
  readonly durationMs: number;
}

/** What a thread that sends did while a level was measured. */
export interface ThreadHealth {
  /** The share of a core that it kept busy; absent where the system does not say. */
  readonly cpuCores?: number;
  /** The share of the time, 0 to 1, in which the event loop that sends was not idle. */
  readonly busyShare: number;
  /** How much later than due a timer of that event loop fired. */
  readonly loopDelay: { readonly meanMs: number; readonly p99Ms: number; readonly maxMs: number };
  /** Pauses for garbage collection. */
  readonly gc: {
    readonly count: number;
    readonly totalMs: number;
    readonly longestMs: number;
    /** The longest of those that took a millisecond or more, one after the other; absent without any. */
    readonly pauses?: readonly Pause[];
  };
}

/** What the client did while a level was measured: the process with all its threads, and the busiest thread that sends. */
export interface ClientHealth extends ThreadHealth {
  /** CPU time of the process for each request that was sent; absent when none was. */
  readonly cpuMsPerRequest?: number;
  /** How many cores the process kept busy, on average. */
  readonly cpuCores: number;
  /** How many more it could have had, since nobody used them. */
  readonly spareCores: number;
  /** Every thread that sends; absent when there is only one. */
  readonly threads?: readonly ThreadHealth[];
}

/** Figures of a level that two ways of counting must agree on. */
export interface LevelChecks {
  /** Requests in flight on average, by Little's law: rate x mean latency. Absent without a valid answer, and for a load that grows. */
  readonly littlesLaw?: {
    readonly inFlight: number;
    readonly interval?: Interval;
    /** How many should have been in flight, and whether that is so but for the interval and 10 %; closed loops only. */
    readonly asked?: number;
    readonly holds?: boolean;
  };
  /** Valid answers that the client saw, and successful requests that the server counted meanwhile; absent where the server does not say. */
  readonly counts?: {
    readonly client: number;
    readonly server: number;
    /** But for what was in flight at both ends, and 10 %. */
    readonly agree: boolean;
  };
}

/** A reason not to take the figures of a level for those of the server under the load that was asked for. */
export interface Finding {
  readonly code:
    | 'no-samples'
    | 'error-rate'
    | 'server-lost'
    | 'rate-shortfall'
    | 'client-busy'
    | 'send-lag'
    | 'in-flight'
    | 'server-counts';
  readonly severity: 'suspect' | 'invalid';
  /** The one of several models or servers that it is about; absent: the level as a whole. */
  readonly about?: { readonly kind: 'model' | 'server'; readonly name: string };
  /** One sentence each. */
  readonly reason: string;
  readonly remedy: string;
}

export interface Verdict {
  /** The gravest of the findings; `valid` without one. */
  readonly kind: 'valid' | 'suspect' | 'invalid';
  readonly findings: readonly Finding[];
}

/** One series of a metrics endpoint over a stretch of time. */
export type MetricSeries = { readonly name: string; readonly labels: Readonly<Record<string, string>> } & (
  | { readonly kind: 'gauge'; readonly mean: number; readonly min: number; readonly max: number }
  | { readonly kind: 'counter'; readonly increase: number; readonly perSecond: number }
);

/** What the server's metrics endpoint said while the windows of a summary ran. */
export interface ServerMetrics {
  /** How often it answered in that time. */
  readonly polls: number;
  readonly series: readonly MetricSeries[];
}

/** What one of several models, or one of several servers, had of a level. */
export interface LevelPart {
  /** The model, or the server as `-u` names it. */
  readonly name: string;
  /** Of the same windows as the level's. */
  readonly summary: Measured;
  readonly requests: RequestCounts;
  /** Of this part alone; they are among the findings of the level too. */
  readonly verdict: Verdict;
  readonly failures: readonly FailureCount[];
}

/** One load level, measured. */
export interface Level {
  readonly load: Load;
  readonly stability: Stability;
  /** The latency limit was reached or passed. */
  readonly isOverLimit: boolean;
  /** The last windows merged: the numbers of the report. */
  readonly summary: Measured;
  /** How many windows the summary covers: the last ones, but for those in which the server was gone. */
  readonly summarisedWindows: number;
  readonly windows: readonly Window[];
  /** How sure the summary is; absent without a valid answer. */
  readonly certainty?: Certainty;
  /** Of the whole level; absent unless asked for. */
  readonly certification?: Certification;
  /** Of a search for the largest rate; absent of others, and when it was cut short. */
  readonly probe?: Probe;
  /** Of a scenario of MLPerf; absent of others, and when it was cut short. */
  readonly scenario?: ScenarioResult;
  readonly requests: RequestCounts;
  /** Absent when requests belong to no sequences. */
  readonly sequences?: SequenceCounts & { readonly completedPerSecond: number };
  readonly clientHealth: ClientHealth;
  readonly verdict: Verdict;
  /** Absent of a level of an earlier version. */
  readonly checks?: LevelChecks;
  /** Of all windows, by class. */
  readonly failures: readonly FailureCount[];
  /** Absent unless asked for, and when the endpoint did not answer. */
  readonly metrics?: ServerMetrics;
  /** In the windows of the summary, those that worked; absent for a model that has none. */
  readonly composing?: readonly ComposingSplit[];
  /** Each of several models, in the order of the settings. */
  readonly models?: readonly LevelPart[];
  /** Each of several servers, in the order of their names on the command line. */
  readonly servers?: readonly LevelPart[];
}

export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly cpuModel: string;
  readonly logicalCpus: number;
  readonly memoryBytes: number;
  readonly nodeVersion: string;
}

export interface ServerFacts {
  readonly kind: 'embedded' | 'remote';
  readonly url: string;
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

export interface ModelFacts {
  readonly name: string;
  /** The version that served, as far as the server says it. */
  readonly version: string;
  readonly platform: string;
  readonly maxBatchSize: number;
  /** The configuration as the server answers it; absent where it has none to show. */
  readonly config?: unknown;
  /** The models that work within it, at any depth; absent without any. */
  readonly composing?: readonly ComposingModel[];
}

/** A whole run: one versioned document, from which every report can be made again. Schema: `reports/schema/run.schema.json`. */
export interface Run {
  readonly format: 'perf-analyze/run';
  readonly formatVersion: 1;
  readonly tool: { readonly name: string; readonly version: string };
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly isInterrupted: boolean;
  readonly settings: RunSettings;
  readonly machine: Machine;
  /** Of several: the first. */
  readonly server: ServerFacts;
  /** All of several. */
  readonly servers?: readonly ServerFacts[];
  /** Of several: the first. */
  readonly model: ModelFacts;
  /** All of several. */
  readonly models?: readonly ModelFacts[];
  readonly levels: readonly Level[];
  /** What the levels say together, where that was asked for. */
  readonly maxRate?: MaxRate;
  readonly knee?: Knee;
  readonly cacheTest?: CacheTest;
}
