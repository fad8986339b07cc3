import type { LevelRange, Load, LoadSettings, SweptLoadSettings } from '../../src/core/load.js';
import { isSwept } from '../../src/core/load-name.js';

/** How many levels a run will have; absent when that depends on the answers. */
export function levelCount(settings: LoadSettings): number | undefined {
  if (!isSwept(settings)) return 1;
  return settings.search === 'linear' ? rangeLength(settings.range) : undefined;
}

/** How many requests a run can have in flight at a time; absent when there is no limit. */
export function largestInFlight(load: LoadSettings): number | undefined {
  if ('maxInFlight' in load) return load.maxInFlight;
  if (load.kind === 'periodic-concurrency') return load.end;
  const { start, end } = load.range;
  return end === 0 ? undefined : Math.max(start, end);
}

/** The levels in the order in which they are measured; endless for an open end. A lone start is one level. */
export function* levelsOf(range: LevelRange): Generator<number> {
  const count = rangeLength(range);
  for (let index = 0; count === undefined || index < count; index++) {
    yield withoutNoise(range.start + index * range.step);
  }
}

/** The load of one level of a sweep. */
export function loadAt(settings: SweptLoadSettings, level: number): Load {
  if (settings.kind === 'concurrency') return { kind: 'concurrency', concurrency: level };
  const { range: _range, search: _search, ...common } = settings;
  return { ...common, requestsPerSecond: level };
}

const rangeLength = ({ start, end, step }: LevelRange): number | undefined =>
  end === 0 ? undefined : Math.max(1, Math.floor((end - start) / step + tolerance) + 1);

/** So that 0.1:0.3:0.1 has its third level, and that it is 0.3. */
const tolerance = 1e-9;
const withoutNoise = (value: number): number => Number(value.toPrecision(12));
