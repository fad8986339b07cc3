import type { RestrictedApi } from '../restricted-apis.js';

/** The first that fits counts. */
const rules: readonly (readonly [api: RestrictedApi, pattern: RegExp])[] = [
  ['health', /^\/v2\/health\/|\/ready$/],
  ['inference', /\/(?:infer|generate|generate_stream)$/],
  ['model-config', /\/config$/],
  ['statistics', /\/stats$/],
  ['trace', /\/trace\/setting$/],
  ['logging', /^\/v2\/logging$/],
  ['model-repository', /^\/v2\/repository\//],
  ['shared-memory', /^\/v2\/(?:system|cuda)sharedmemory\//],
];

/** @param pattern of a route, with its placeholders */
export const apiOfRoute = (pattern: string): RestrictedApi =>
  rules.find(([, rule]) => rule.test(pattern))?.[0] ?? 'metadata';
