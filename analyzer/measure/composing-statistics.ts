import type { ComposingModel } from '../../src/core/composing.js';
import type { ComposingSplit, ServerSplit } from '../../src/core/run.js';
import type { ModelStatistics } from '../../src/protocol/statistics.js';
import { busiestVersion, serverSplit, statisticsDelta } from './server-split.js';

/** Where the statistics of composing models come from. */
export interface ComposingSource {
  readonly models: readonly ComposingModel[];
  /** Of the versions of one model; `undefined` when the server does not say. Never rejects. */
  readonly read: (model: ComposingModel) => Promise<readonly ModelStatistics[] | undefined>;
}

/** The statistics of each model, in the order of the models. */
type ComposingStatistics = readonly (readonly ModelStatistics[] | undefined)[];

export const readComposing = ({ models, read }: ComposingSource): Promise<ComposingStatistics> =>
  Promise.all(models.map(read));

/** What each of the models did between two readings; a model that did nothing is left out. */
export function composingSplits(
  models: readonly ComposingModel[],
  before: ComposingStatistics,
  after: ComposingStatistics,
): ComposingSplit[] {
  return models.flatMap((model, index) => {
    const pair = busiestVersion(before[index] ?? [], after[index] ?? []);
    const server = pair && serverSplit([statisticsDelta(pair.before, pair.after, undefined)]);
    return pair === undefined || server === undefined ? [] : [{ ...model, version: pair.after.version, server }];
  });
}

/**
 * An ensemble's own split, with the time that a request spends in the queues of its models: the server counts that for the
 * models alone, so that for the ensemble it would be overhead. Branches that run side by side may add up to more than the
 * request; there is no overhead then.
 */
export function withComposingQueues(server: ServerSplit, composing: readonly ComposingSplit[]): ServerSplit {
  const queueMs = composing.reduce((sum, model) => sum + model.stepsPerRequest * model.server.queueMs, 0);
  return { ...server, queueMs: server.queueMs + queueMs, overheadMs: Math.max(0, server.overheadMs - queueMs) };
}
