import type { SearchResult } from '../src/core/search-result.js';

/** A search, and how much its model counts beside the others. */
export interface WeightedSearch {
  readonly result: Pick<SearchResult, 'model' | 'gain'>;
  readonly weight: number;
}

/**
 * What searches of several models bring together: the weighted geometric mean of their gains. The searches are independent, so that the
 * squares of their intervals add up, on the logarithmic scale. One line; empty for a single model.
 */
export function weightedGainLine(searches: readonly WeightedSearch[]): string {
  if (searches.length < 2) return '';
  const unknown = searches.filter(({ result }) => result.gain === undefined).map(({ result }) => result.model);
  if (unknown.length > 0) return `All models together: the gain of ${unknown.join(', ')} is not known.\n`;
  const total = searches.reduce((sum, { weight }) => sum + weight, 0);
  let [mean, square] = [0, 0];
  for (const { result, weight } of searches) {
    const { mean: gain = 0, low = 0, high = 0 } = result.gain ?? {};
    const share = weight / total;
    mean += share * Math.log1p(gain);
    square += (share * 0.5 * (Math.log1p(high) - Math.log1p(low))) ** 2;
  }
  const reach = Math.sqrt(square);
  const parts = searches.map(({ result, weight }) => `${result.model} ${Math.round((100 * weight) / total)} %`);
  const [gain = '', low = '', high = ''] = [mean, mean - reach, mean + reach].map(percent);
  return `All models together (${parts.join(', ')}): ${gain} (95 %: ${low} to ${high})\n`;
}

const percent = (logarithm: number): string => {
  const value = 100 * Math.expm1(logarithm);
  return `${value < 0 ? '' : '+'}${value.toFixed(1)} %`;
};
