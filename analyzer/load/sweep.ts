import type { LevelRange, Load, LoadSettings } from '../../src/core/load.js';
import { isSwept } from '../../src/core/load-name.js';
import type { Level } from '../../src/core/run.js';
import { levelsOf, loadAt } from './level-range.js';
import { singleLoad } from './plan-load.js';

/** How a finished level answers the sweep that asked for it. */
export interface SweepAnswer {
  /** It was below the latency limit. */
  readonly isWithinLimit: boolean;
  /** Its figures can be trusted: stable, and not invalid. */
  readonly isSound: boolean;
  readonly level?: Level;
}

/** Which load to measure next: each `yield` gets the answer of the level that it gave. */
export type Sweep = Generator<Load, void, SweepAnswer>;

/**
 * The levels of a run. A linear sweep ends with the first level over the latency limit; unstable ones do not end it. A
 * binary one narrows down the highest level that is within the limit, and sound, to the width of a step.
 */
export function* sweepOf(settings: LoadSettings): Sweep {
  if (!isSwept(settings)) {
    yield singleLoad(settings);
  } else if (settings.search === 'linear') {
    for (const level of levelsOf(settings.range)) {
      const { isWithinLimit } = yield loadAt(settings, level);
      if (!isWithinLimit) return;
    }
  } else {
    yield* bisect(settings.range, (level) => loadAt(settings, level), settings.kind === 'concurrency');
  }
}

/** As perf_analyzer: the start, which must do, then the end, which may, then the middle of what is left. */
function* bisect({ start, end, step }: LevelRange, load: (level: number) => Load, isWhole: boolean): Sweep {
  const does = ({ isWithinLimit, isSound }: SweepAnswer): boolean => isWithinLimit && isSound;
  if (!does(yield load(start)) || end <= start || does(yield load(end))) return;
  let low = start;
  let high = end;
  while (high - low > step) {
    const middle = isWhole ? Math.floor((low + high) / 2) : (low + high) / 2;
    if (does(yield load(middle))) low = middle;
    else high = middle;
  }
}
