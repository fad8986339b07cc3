import type { EnsembleStep, ModelConfig } from '../../../protocol/model-config.js';
import type { ServedVersion } from '../../served-version.js';

/** What an ensemble sees of the models that it is made of. */
export interface ComposingModels {
  /**
   * The version that serves; an empty version means the latest.
   *
   * @throws RefusalError as for a client's request: `not-found`, or `unavailable` for one that is not ready
   */
  find(name: string, version: string): ServedVersion;
  /** Whether a version of the model serves; if not, why: the model is unknown or unloaded, or it failed to load. */
  availability(name: string): Availability;
}

export type Availability =
  | { readonly kind: 'ready' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly reason: string };

/** The models that a configuration is made of, each once; none unless it is an ensemble. */
export const composingNames = ({ ensemble_scheduling }: ModelConfig): string[] => [
  ...new Set(ensemble_scheduling?.step.map((step) => step.model_name)),
];

/** The version that a step asks for, as a request would name it: empty = the latest. */
export const versionOf = ({ model_version }: EnsembleStep): string => (model_version < 0 ? '' : String(model_version));
