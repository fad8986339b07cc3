import type { ModelConfig } from '../../protocol/model-config.js';

/** What a configuration can choose from. The first runs models that name nothing else. */
export type Backends<Kind> = readonly [Kind, ...Kind[]];

/** The backend that a configuration names; for an unknown name the first, whose checks say what is wrong. */
export const backendOf = <Kind extends { readonly name: string }>(
  { backend }: Pick<ModelConfig, 'backend'>,
  backends: Backends<Kind>,
): Kind => backends.find(({ name }) => name === backend) ?? backends[0];
