import type { Goal } from '../../../searcher/goal/goal.js';
import type { StrategyName } from '../../../searcher/strategies/strategies.js';
import type { Candidate } from '../../core/trial.js';
import type { ServerLaunch } from '../embedded-server.js';
import type { VerifyWish } from '../variants/verify-answers.js';
import type { SearchLoads, Variations } from './live-space.js';
import type { VariantRepository } from './write-variants.js';

/** What a search on a server was asked to do, beside what is measured and how. */
export interface SearchWish {
  readonly goal: Goal;
  /** How right the answers of precisions are. */
  readonly verify?: VerifyWish | undefined;
  readonly strategy: StrategyName;
  readonly maxMeasurements: number | undefined;
  /** No first look begins after this time; what decides comes on top. */
  readonly budgetMs: number | undefined;
  readonly variations: Variations;
  /** Instead of what usually matters when nothing is named; what does not apply to the model is left out. */
  readonly usual?: Variations;
  /** Parts of configurations, searched as they are. */
  readonly combinations?: readonly Candidate[];
  /** How a server of ours is to be started. */
  readonly launch?: ServerLaunch;
  readonly journal: string | undefined;
  /** Whether the user named the loads. */
  readonly hasLoad: boolean;
  /** The loads one by one, in place of a range. */
  readonly loads?: SearchLoads;
  /** A repository with the files that a server which runs has, to make precisions of. */
  readonly originals?: string;
  /** A folder for Model Analyzer's tables and the document. */
  readonly results?: string;
  /** A folder for every configuration that was measured, as a model. */
  readonly variantRepository?: VariantRepository;
  /** The models of `-m` are searched as one, on the server and under load at the same time. */
  readonly isTogether: boolean;
  /** What to do with the best configuration. */
  readonly write: 'nothing' | 'show' | 'write';
}
