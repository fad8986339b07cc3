import { sequentialTest } from '../../analyzer/statistics/certify.js';
import type { PercentileClaim } from '../../analyzer/statistics/early-stopping.js';
import { seededRandom } from '../../src/core/random.js';

export interface CertifyRuns {
  readonly runs: number;
  readonly passes: number;
  readonly fails: number;
  /** Queries of a run on average, and of the longest one that was decided. */
  readonly meanQueries: number;
  readonly mostQueries: number;
}

/** Sequential tests of independent queries, of which a share is over the limit, until they are decided or `longest`. */
export function certifyRuns(options: {
  claim: PercentileClaim;
  over: number;
  runs: number;
  longest: number;
  seed: number;
}): CertifyRuns {
  const { claim, over, runs, longest, seed } = options;
  const random = seededRandom(seed);
  const count = { pass: 0, fail: 0, undecided: 0 };
  let queries = 0;
  let mostQueries = 0;
  for (let run = 0; run < runs; run++) {
    const certification = sequentialTest(claim);
    let total = 0;
    let overs = 0;
    let result = certification.look(0, 0);
    while (result === 'undecided' && total < longest) {
      total++;
      if (random() < over) overs++;
      result = certification.look(total, overs);
    }
    count[result]++;
    queries += total;
    if (result !== 'undecided') mostQueries = Math.max(mostQueries, total);
  }
  return { runs, passes: count.pass, fails: count.fail, meanQueries: queries / runs, mostQueries };
}
