const eighths = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** The last values that fit, one a column, as shares of the largest of them. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = width === 0 ? [] : values.slice(-width);
  const largest = Math.max(...shown);
  return shown.map((value) => eighths[largest > 0 ? Math.max(1, Math.round((8 * value) / largest)) : 1]).join('');
}

/**
 * Columns of a height that is a share of the largest, from the top row to the bottom one. A count that is not 0 is always seen.
 */
export function histogramRows(
  counts: readonly number[],
  { width, height }: { readonly width: number; readonly height: number },
): string[] {
  const columns = resampled(counts, width);
  const largest = Math.max(...columns);
  const eighthsOf = (count: number): number =>
    count === 0 ? 0 : Math.max(1, Math.round((8 * height * count) / largest));
  return Array.from({ length: height }, (_, row) => {
    const below = 8 * (height - 1 - row);
    return columns.map((count) => eighths[Math.min(8, Math.max(0, eighthsOf(count) - below))]).join('');
  });
}

/** The same counts in fewer columns. */
function resampled(counts: readonly number[], width: number): number[] {
  const columns = new Array<number>(Math.max(1, Math.min(width, counts.length))).fill(0);
  for (const [index, count] of counts.entries()) {
    const column = Math.floor((index * columns.length) / counts.length);
    columns[column] = (columns[column] ?? 0) + count;
  }
  return columns;
}

interface Part {
  readonly mark: string;
  readonly share: number;
}

/** A bar of a width that shows how a sum is made up: each part ends where the sum of the parts up to it does. */
export function stackedBar(parts: readonly Part[], width: number): string {
  const total = parts.reduce((sum, { share }) => sum + share, 0);
  if (total <= 0) return '';
  let sum = 0;
  let bar = '';
  for (const { mark, share } of parts) {
    sum += share;
    bar += mark.repeat(Math.max(0, Math.round((width * sum) / total) - bar.length));
  }
  return bar;
}
