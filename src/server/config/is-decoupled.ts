import type { ModelConfig } from '../../protocol/model-config.js';

/** Whether a model gives any number of responses to a request. */
export const isDecoupled = ({ model_transaction_policy }: ModelConfig): boolean =>
  model_transaction_policy?.decoupled === true;
