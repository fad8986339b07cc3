import type { Failure, FailureCode, FailureCount } from '../../src/core/failure.js';

/** Counts failures by class and keeps the first text of each. */
export interface FailureTally {
  add(failure: Failure): void;
  counts(): FailureCount[];
}

export function createFailureTally(): FailureTally {
  const counts = new Map<FailureCode, { count: number; readonly firstMessage: string }>();
  return {
    add: ({ code, message }) => {
      const known = counts.get(code);
      if (known === undefined) counts.set(code, { count: 1, firstMessage: message });
      else known.count++;
    },
    counts: () => [...counts].map(([code, { count, firstMessage }]) => ({ code, count, firstMessage })),
  };
}
