/** Weights are kept to a thousandth. */
const longestCycle = 1000;

/**
 * A cycle of positions in `weights`, each as often as its weight says and as evenly spread as can be (smooth weighted
 * round-robin), at least `rounds` of each on average. Weights in small whole proportions are met exactly.
 */
export function weightedCycle(weights: readonly number[], rounds: number): number[] {
  const counts = wholeProportions(weights);
  const total = sum(counts);
  const length = total * Math.ceil((rounds * weights.length) / total);
  const credit = counts.map(() => 0);
  return Array.from({ length }, () => {
    let best = 0;
    counts.forEach((count, index) => {
      credit[index] = (credit[index] ?? 0) + count;
      if ((credit[index] ?? 0) > (credit[best] ?? 0)) best = index;
    });
    credit[best] = (credit[best] ?? 0) - total;
    return best;
  });
}

/** The smallest whole numbers in the proportion of the weights, or the nearest that add up to a thousand or so. */
function wholeProportions(weights: readonly number[]): number[] {
  const total = sum(weights);
  const shares = weights.map((weight) => weight / total);
  for (let length = weights.length; length <= longestCycle; length++) {
    const counts = shares.map((share) => share * length);
    if (counts.every((count) => count > 0.5 && Math.abs(count - Math.round(count)) < 1e-6))
      return counts.map(Math.round);
  }
  return shares.map((share) => Math.max(1, Math.round(share * longestCycle)));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
