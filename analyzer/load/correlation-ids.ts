/** Numbers that tell the sequences on a server apart. */
export interface CorrelationIds {
  /** The next one that no running sequence has; absent when all are in use. */
  take(): number | undefined;
  release(id: number): void;
  /** No sequence runs any more. */
  releaseAll(): void;
}

/**
 * Counts through `count` numbers from `first` on, again and again, and leaves out those that are in use.
 *
 * @param step from one number to the next
 */
export function correlationIds(first: number, count: number, step = 1): CorrelationIds {
  const inUse = new Set<number>();
  let offset = 0;
  return {
    take: () => {
      if (inUse.size >= count) return undefined;
      for (;;) {
        const id = first + offset * step;
        offset = offset + 1 === count ? 0 : offset + 1;
        if (inUse.has(id)) continue;
        inUse.add(id);
        return id;
      }
    },
    release: (id) => void inUse.delete(id),
    releaseAll: () => inUse.clear(),
  };
}
