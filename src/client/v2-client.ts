import type { TraceSettings } from '../core/run-settings.js';
import type { InferRequest, InferResponse } from '../protocol/infer.js';
import type { ModelIndexEntry, ModelMetadata, ServerMetadata } from '../protocol/metadata.js';
import type { ModelConfig } from '../protocol/model-config.js';
import type { ModelStatistics } from '../protocol/statistics.js';

/** A model, and a version of it; no version = the server's choice. */
export interface ModelVersion {
  readonly name: string;
  readonly version?: string;
}

/** A region of the system shared memory that client and server have in common. */
export interface SharedRegion {
  readonly name: string;
  /** Name of the shared-memory object, beginning with a slash. */
  readonly key: string;
  /** From the beginning of the object. */
  readonly byteSize: number;
}

/**
 * The control plane of any v2 server, over HTTP or gRPC. Methods reject with `V2Error` when the server answers with an
 * error or cannot be reached. For load, see the transports of the analyzer.
 */
export interface V2Client extends AsyncDisposable {
  /** False also when nothing answers. */
  isLive(): Promise<boolean>;
  /** False also when nothing answers. */
  isReady(): Promise<boolean>;
  /** False also for a model that the server does not know. */
  isModelReady(model: ModelVersion): Promise<boolean>;
  serverMetadata(): Promise<ServerMetadata>;
  modelMetadata(model: ModelVersion): Promise<ModelMetadata>;
  modelConfig(model: ModelVersion): Promise<ModelConfig>;
  statistics(model: ModelVersion): Promise<readonly ModelStatistics[]>;
  repositoryIndex(): Promise<readonly ModelIndexEntry[]>;
  /**
   * @param config replaces `config.pbtxt` for this load
   * @param files content by path below the model's folder, such as `1/model.onnx`; with any, those of the repository are not used
   */
  loadModel(name: string, config?: ModelConfig, files?: ReadonlyMap<string, Uint8Array>): Promise<void>;
  unloadModel(name: string): Promise<void>;
  registerSystemSharedMemory(region: SharedRegion): Promise<void>;
  unregisterSystemSharedMemory(name: string): Promise<void>;
  /** The trace settings of all models that have none of their own (trace extension). */
  traceSettings(): Promise<TraceSettings>;
  /** Changes those that are given; one without values gets the server's default. */
  updateTraceSettings(settings: TraceSettings): Promise<void>;
  infer(request: InferRequest): Promise<InferResponse>;
}

/** What a server answered, or that none did. */
export class V2Error extends Error {
  override readonly name = 'V2Error';
  /** `connect`: no answer; otherwise the status of the protocol, e.g. `http 404` or `grpc 5`. */
  readonly code: 'connect' | `http ${number}` | `grpc ${number}`;

  constructor(code: V2Error['code'], message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
