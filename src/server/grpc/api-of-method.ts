import type { RestrictedApi } from '../restricted-apis.js';

/** The first that fits counts. */
const rules: readonly (readonly [api: RestrictedApi, method: RegExp])[] = [
  ['health', /^\/grpc\.health\.v1\.Health\/|\/(?:ServerLive|ServerReady|ModelReady)$/],
  ['inference', /\/(?:ModelInfer|ModelStreamInfer)$/],
  ['model-config', /\/ModelConfig$/],
  ['statistics', /\/ModelStatistics$/],
  ['trace', /\/TraceSetting$/],
  ['logging', /\/LogSettings$/],
  ['model-repository', /\/Repository\w+$/],
  ['shared-memory', /\/\w+SharedMemory\w+$/],
];

/** @param path e.g. `/inference.GRPCInferenceService/ModelInfer` */
export const apiOfMethod = (path: string): RestrictedApi =>
  rules.find(([, rule]) => rule.test(path))?.[0] ?? 'metadata';
