import type { Level, Run, Window } from '../../src/core/run.js';

/** A window on an axis on which the levels of a run follow one another without the time between them. */
export interface PlacedWindow {
  readonly level: Level;
  readonly levelIndex: number;
  readonly window: Window;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** It is among those that the numbers of the report are made of. */
  readonly isSummarised: boolean;
}

export function placeWindows({ levels }: Pick<Run, 'levels'>): PlacedWindow[] {
  let startsAt = 0;
  return levels.flatMap((level, levelIndex) => {
    const from = startsAt;
    const last = level.windows.at(-1);
    startsAt += last === undefined ? 0 : (last.startMs + last.durationMs) / 1000;
    const first = level.windows.length - level.summarisedWindows;
    return level.windows.map((window, index) => ({
      level,
      levelIndex,
      window,
      startSeconds: from + window.startMs / 1000,
      endSeconds: from + (window.startMs + window.durationMs) / 1000,
      isSummarised: index >= first,
    }));
  });
}
