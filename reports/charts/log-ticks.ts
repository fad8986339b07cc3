/** Fewer labels than this tell no scale. */
const fewest = 3;

/** What the first digits of ticks may be, the sparsest first. */
const series = [[1], [1, 3], [1, 2, 5]] as const;

/**
 * Where a logarithmic axis from `low` to `high` has labels: round numbers, at least three of them. Powers of ten where there are enough, otherwise with
 * numbers between them, and over less than a factor of ten or so at equal steps.
 *
 * @param low above 0
 * @param high above `low`
 */
export function logTicks(low: number, high: number): number[] {
  for (const digits of series) {
    const ticks = powersWithin(low, high).flatMap((power) => digits.map((digit) => rounded(digit * 10 ** power)));
    const inside = ticks.filter((tick) => tick >= low && tick <= high);
    if (inside.length >= fewest) return inside;
  }
  return equalSteps(low, high);
}

function powersWithin(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.floor(Math.log10(high))];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Multiples of the largest step of 1, 2 or 5 of which a third of the range has one for certain. */
function equalSteps(low: number, high: number): number[] {
  const most = (high - low) / fewest;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = power * ([5, 2].find((digit) => digit * power <= most) ?? 1);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => rounded((first + index) * step));
}

/** 3 x 0.1 is 0.3. */
const rounded = (value: number): number => Number(value.toPrecision(12));
