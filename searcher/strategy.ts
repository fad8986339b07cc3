import type { Candidate, Trial } from '../src/core/trial.js';
import type { Goal } from './goal/goal.js';
import type { Space } from './space/space.js';

/** What decides which candidate is measured next. It measures nothing itself and knows no server. */
export interface Strategy {
  /** The next candidate, perhaps one that was measured before; `undefined` when nothing is left that is worth it. */
  propose(): Candidate | undefined;
  /** What the measurement of a candidate brought. Trials that it did not propose are welcome too. */
  observe(trial: Trial): void;
  /** The measured candidate that it would take now; `undefined` when no measurement brought anything. */
  choose(): Candidate | undefined;
}

export interface StrategyOptions {
  readonly space: Space;
  readonly goal: Goal;
  readonly seed: number;
  /** At the most so many candidates are proposed. */
  readonly maxMeasurements: number;
}

export type CreateStrategy = (options: StrategyOptions) => Strategy;
