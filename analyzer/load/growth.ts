import type { PeriodicConcurrencyLoad } from '../../src/core/load.js';

/** How many requests a closed loop is to have outstanding, as answers come. */
export interface Growth {
  /** At this moment; never less than before. */
  readonly target: number;
  /** It has reached its last value. */
  readonly isDone: boolean;
  /** An answer has come in a slot below the target. */
  onAnswer(slot: number): void;
}

/** Grows whenever every slot of those that were added last has had `requestPeriod` answers. */
export function periodicGrowth({ start, end, step, requestPeriod }: Omit<PeriodicConcurrencyLoad, 'kind'>): Growth {
  const answers = new Float64Array(end);
  let added = 0;
  let target = start;
  let waiting = start;
  return {
    get target() {
      return target;
    },
    get isDone() {
      return target >= end;
    },
    onAnswer: (slot) => {
      if (target >= end || slot < added) return;
      const count = (answers[slot] ?? 0) + 1;
      answers[slot] = count;
      if (count === requestPeriod) waiting--;
      if (waiting > 0) return;
      added = target;
      target = Math.min(end, target + step);
      waiting = target - added;
    },
  };
}

export const noGrowth = (concurrency: number): Growth => ({
  target: concurrency,
  isDone: true,
  onAnswer: () => undefined,
});
