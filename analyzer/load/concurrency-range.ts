/** `--concurrency-range start:end:step`; `end` 0 means until the latency limit. */
export interface ConcurrencyRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** How many levels there are; absent for an open end. */
export function levelCount({ start, end, step }: ConcurrencyRange): number | undefined {
  return end === 0 ? undefined : Math.max(1, Math.floor((end - start) / step) + 1);
}

/** The levels in the order in which they are measured; endless for an open end. A lone start is one level. */
export function* concurrencyLevels({ start, end, step }: ConcurrencyRange): Generator<number> {
  if (end !== 0 && end <= start) {
    yield start;
    return;
  }
  for (let index = 0; ; index++) {
    const level = start + index * step;
    if (end !== 0 && level > end) return;
    yield level;
  }
}
