import type { Goal } from '../../../searcher/goal/goal.js';
import { compareJudgements, judge } from '../../../searcher/goal/judge.js';
import { paretoFront } from '../../../searcher/insight/pareto.js';
import { rejectedNear } from '../../../searcher/insight/rejected.js';
import { sensitivityOf } from '../../../searcher/insight/sensitivity.js';
import type { Space } from '../../../searcher/space/space.js';
import { createTrialStore, ranking, type TrialStore } from '../../../searcher/trial-store.js';
import type { Finalist, SearchResult } from '../../core/search-result.js';
import type { Candidate, Trial } from '../../core/trial.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { nameVariants } from './name-variants.js';
import type { ConfigurationChange } from './write-configuration.js';

export interface InsightOptions {
  readonly modelName: string;
  /** Of the model before the search. */
  readonly config: ModelConfig;
  readonly space: Space;
  readonly goal: Goal;
  /** Of the models within it. */
  readonly composing: ReadonlyMap<string, ModelConfig>;
  readonly changesOf: (candidate: Candidate) => readonly ConfigurationChange[];
  /** The candidate with all its settings, where one names its load alone. */
  readonly pointOf: (candidate: Candidate) => Candidate;
}

/** What the measurements of a search say beside its decision. */
export type SearchInsight = Pick<
  SearchResult,
  'ranking' | 'variants' | 'pareto' | 'sensitivity' | 'rejected' | 'difference'
>;

export function insightOf(
  trials: readonly Trial[],
  best: Finalist | undefined,
  { modelName, config, composing, space, goal, changesOf, pointOf }: InsightOptions,
): SearchInsight {
  const ranked = ranking(storeOf(trials), goal);
  const points = storeOf(trials.map((trial) => ({ ...trial, candidate: pointOf(trial.candidate) })));
  const candidates = [...trials, ...(best === undefined ? [] : [best])].map(({ candidate }) => candidate);
  return {
    ranking: rankingOf(trials, goal),
    variants: nameVariants(modelName, { config, composing }, candidates).map((variant) => ({
      ...variant,
      difference: differenceOf(changesOf(variant.settings)),
    })),
    pareto: paretoFront(ranked),
    sensitivity: sensitivityOf(space.dimensions, ranking(points, goal)),
    rejected: best === undefined ? [] : rejectedNear(pointOf(best.candidate), points, { space, goal }),
    ...(best === undefined ? {} : { difference: differenceOf(changesOf(best.candidate)) }),
  };
}

function storeOf(trials: readonly Trial[]): TrialStore {
  const store = createTrialStore();
  trials.forEach(store.add);
  return store;
}

/** Of all files together. */
const differenceOf = (changes: readonly ConfigurationChange[]): string =>
  changes.map(({ difference }) => difference).join('');

/** Each measurement by itself. */
const rankingOf = (trials: readonly Trial[], goal: Goal): number[] =>
  trials
    .flatMap((trial, index) => (trial.ok ? [{ index, judgement: judge(trial.metrics, goal) }] : []))
    .sort((left, right) => compareJudgements(left.judgement, right.judgement))
    .map(({ index }) => index);
