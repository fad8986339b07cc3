import type { LevelView } from '../../../analyzer/measure/level-view.js';
import type { Level, Run } from '../../core/run.js';
import type { RunSettings } from '../../core/run-settings.js';

/** Tells a person how far the run is; never writes to standard output. */
export interface Progress {
  /** One line that stays. */
  say(line: string): void;
  /** A line that is replaced by the next one; with a fraction from 0 to 1 for work of a known amount. */
  show(what: string, fraction?: number): void;
  /** Before the first level: how a document is made of the levels that are done. */
  startRun(runOf: (levels: readonly Level[]) => Run): void;
  startLevel(view: () => LevelView, plan: LevelPlan): void;
  endLevel(level: Level): void;
  /** Before each measurement of a search. */
  search(view: SearchView): void;
  /** For the levels of a search, which `search` and `say` tell about. */
  readonly trial: Pick<Progress, 'startLevel' | 'endLevel'>;
  /** Takes back what is not meant to stay. */
  close(): void;
}

export interface LevelPlan {
  readonly settings: RunSettings;
  /** How many levels come after this one; absent for an open end. */
  readonly levelsLeft: number | undefined;
}

/** How far a search is. */
export interface SearchView {
  /** The candidate that is measured now. */
  readonly candidate: string;
  readonly measured: number;
  /** The best of them, and what it brought. */
  readonly best: string | undefined;
  /** How long it may still take at most, in seconds; absent before the first measurement. */
  readonly secondsLeft?: number;
}
