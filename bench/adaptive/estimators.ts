import { regularizedBeta } from '../../analyzer/statistics/distributions.js';
import { orderedArray } from '../../analyzer/statistics/percentile-interval.js';
import { type Random, seededRandom } from '../../src/core/random.js';
import { logNormalServer, pausingServer } from './known-servers.js';

const percentile = 0.99;
const samples = 400;

/** Distributions of which p99 is known, in ms. */
const sources: readonly {
  readonly name: string;
  readonly p99Ms: number;
  readonly times: (random: Random) => () => number;
}[] = [
  logNormalServer(100, 0.5),
  logNormalServer(100, 1),
  { name: 'uniform', p99Ms: 0.99, times: (random) => random },
  { name: 'Pareto, index 2', p99Ms: 10, times: (random) => () => (1 - random()) ** -0.5 },
  pausingServer(100, 0.03, 4),
  pausingServer(100, 0.011, 4),
  pausingServer(100, 0.007, 4),
  pausingServer(100, 0.005, 4),
];

/** The root mean square errors of the sample's p99 and of Harrell and Davis' estimate (Biometrika 69, 1982), which averages about it. */
export function compareEstimators(): void {
  for (const { name, p99Ms, times } of sources) {
    const ratios = [600, 2000, 6600].map((count) => {
      const next = times(seededRandom(1));
      const weights = harrellDavis(count);
      let [plain, smooth] = [0, 0];
      for (let run = 0; run < samples; run++) {
        const { valueAtRank } = orderedArray(Float64Array.from({ length: count }, next));
        const averaged = weights.reduce((sum, [rank, weight]) => sum + weight * valueAtRank(rank), 0);
        plain += (valueAtRank(Math.ceil(percentile * count)) / p99Ms - 1) ** 2;
        smooth += (averaged / p99Ms - 1) ** 2;
      }
      return `${count} requests ${percent(Math.sqrt(plain / samples))} and ${percent(Math.sqrt(smooth / samples))}`;
    });
    console.log(`  ${name}: ${ratios.join('; ')}`);
  }
}

/** The weights of the ranks: those of a Beta((n + 1) p, (n + 1) (1 - p)) distribution. */
function harrellDavis(count: number): readonly (readonly [rank: number, weight: number])[] {
  const beta = (rank: number): number =>
    regularizedBeta(rank / count, (count + 1) * percentile, (count + 1) * (1 - percentile));
  const first = Math.max(1, Math.floor(count * percentile - 10 * Math.sqrt(count * percentile * (1 - percentile))));
  return Array.from({ length: count - first + 1 }, (_, index) => {
    const rank = first + index;
    return [rank, beta(rank) - beta(rank - 1)];
  });
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
