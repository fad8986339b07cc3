/** Counts in which rows of scores the same place is the best. */
export interface RowTally {
  add(expected: Float64Array, got: Float64Array, dims: readonly number[]): void;
  /** Empty when there were no rows of several elements. */
  result(): { readonly top1?: number; readonly top5?: number };
}

/** A row is what the last dimension counts; tensors of one dimension have none. */
export function createRowTally(): RowTally {
  const ranks: { readonly better: number; readonly width: number }[] = [];
  const share = (within: number, rows: typeof ranks): number =>
    rows.filter(({ better }) => better < within).length / rows.length;
  return {
    add: (expected, got, dims) => {
      const width = dims.length < 2 ? 0 : (dims.at(-1) ?? 0);
      if (width < 2) return;
      for (let start = 0; start < expected.length; start += width) {
        ranks.push({ better: betterThan(got, start, width, bestIn(expected, start, width)), width });
      }
    },
    result: () => {
      const wide = ranks.filter(({ width }) => width > 5);
      return { ...(ranks.length > 0 && { top1: share(1, ranks) }), ...(wide.length > 0 && { top5: share(5, wide) }) };
    },
  };
}

/** The place of the largest element, the first of several. */
function bestIn(values: Float64Array, start: number, width: number): number {
  let best = start;
  for (let index = start + 1; index < start + width; index++) {
    if ((values[index] ?? 0) > (values[best] ?? 0)) best = index;
  }
  return best;
}

/** How many elements of a row are larger than one of them; all of them when it is NaN. */
function betterThan(values: Float64Array, start: number, width: number, place: number): number {
  const value = values[place] ?? Number.NaN;
  let better = 0;
  for (let index = start; index < start + width; index++) if (!((values[index] ?? 0) <= value)) better++;
  return better;
}
