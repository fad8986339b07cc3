import { levelValue } from '../src/core/load-name.js';
import type { Level } from '../src/core/run.js';

/** Of each level, the how manyth of its load it is, from 1: a search for a limit may measure a load again. */
export function turnsOf(levels: readonly Level[]): ReadonlyMap<Level, number> {
  const seen = new Map<number, number>();
  return new Map(
    levels.map((level) => {
      const turn = (seen.get(levelValue(level.load)) ?? 0) + 1;
      seen.set(levelValue(level.load), turn);
      return [level, turn];
    }),
  );
}
