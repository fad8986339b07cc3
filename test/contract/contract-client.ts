import type { InferRequest, InferResponse } from '../../src/protocol/infer.js';
import type { ModelIndexEntry, ModelMetadata, ServerMetadata } from '../../src/protocol/metadata.js';
import type { ModelConfig } from '../../src/protocol/model-config.js';
import type { ModelStatistics } from '../../src/protocol/statistics.js';
import type { InferenceService, LoadParameter, ModelReference } from '../../src/server/inference-service.js';
import type { Refusal } from '../../src/server/refusal.js';

/** How tensors travel; a transport names the forms it has. */
export type TensorForm = 'json' | 'binary' | 'raw' | 'typed' | 'memory';

/** What came back from a server that refused, in the transport's own terms and in ours. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** Every reason that has the status which came back. */
  readonly reasons: readonly Refusal[];

  constructor(reasons: readonly Refusal[], message: string) {
    super(message);
    this.reasons = reasons;
  }
}

/** `InferenceService` seen through a transport; rejects with `RefusedError`. */
export interface ContractClient extends AsyncDisposable {
  readonly forms: readonly TensorForm[];
  isLive(): Promise<boolean>;
  isReady(): Promise<boolean>;
  isModelReady(model: ModelReference): Promise<boolean>;
  serverMetadata(): Promise<ServerMetadata>;
  modelMetadata(model: ModelReference): Promise<ModelMetadata>;
  modelConfig(model: ModelReference): Promise<ModelConfig>;
  statistics(model: ModelReference): Promise<readonly ModelStatistics[]>;
  repositoryIndex(options: { readonly readyOnly: boolean }): Promise<readonly ModelIndexEntry[]>;
  loadModel(name: string, parameters: ReadonlyMap<string, LoadParameter>): Promise<void>;
  unloadModel(name: string, options: { readonly unloadDependents: boolean }): Promise<void>;
  infer(request: InferRequest, form: TensorForm): Promise<InferResponse>;
}

/** Reaches a service through one transport. */
export type Connect<Service extends InferenceService = InferenceService> = (
  service: Service,
) => Promise<ContractClient>;
