import type { LevelRange, Load, LoadSettings } from '../../src/core/run.js';

/** How many levels there are; absent for an open end. */
export function levelCount({ start, end, step }: LevelRange): number | undefined {
  return end === 0 ? undefined : Math.max(1, Math.floor((end - start) / step + tolerance) + 1);
}

/** The levels in the order in which they are measured; endless for an open end. A lone start is one level. */
export function* levelsOf(range: LevelRange): Generator<number> {
  const count = levelCount(range);
  for (let index = 0; count === undefined || index < count; index++) {
    yield withoutNoise(range.start + index * range.step);
  }
}

/** The load of one level of a sweep. */
export function loadAt(settings: LoadSettings, level: number): Load {
  if (settings.kind === 'concurrency') return { kind: 'concurrency', concurrency: level };
  const { range: _, ...common } = settings;
  return { ...common, requestsPerSecond: level };
}

/** So that 0.1:0.3:0.1 has its third level, and that it is 0.3. */
const tolerance = 1e-9;
const withoutNoise = (value: number): number => Number(value.toPrecision(12));
