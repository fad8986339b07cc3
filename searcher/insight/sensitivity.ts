import type { Sensitivity } from '../../src/core/search-result.js';
import type { Dimension } from '../space/space.js';
import type { Ranked } from '../trial-store.js';

/**
 * What each value of each dimension brought at its best, other dimensions being whatever was measured with it: a value that was measured
 * rarely may be better than it looks. Dimensions of one value are left out.
 */
export function sensitivityOf(dimensions: readonly Dimension[], ranked: readonly Ranked[]): Sensitivity[] {
  const best = bestUtility(ranked);
  return dimensions
    .filter(({ values }) => values.length > 1)
    .map(({ name, values }) => ({
      dimension: name,
      values: values.map((value) => {
        const with_ = ranked.filter(({ candidate }) => candidate[name] === value);
        const own = bestUtility(with_);
        return {
          value,
          measurements: with_.reduce((sum, { trials }) => sum + trials.length, 0),
          ...(own === undefined || best === undefined ? {} : { best: Math.exp(own - best) }),
        };
      }),
    }));
}

function bestUtility(ranked: readonly Ranked[]): number | undefined {
  const utilities = ranked.flatMap(({ judgement: { kept, utility } }) =>
    kept === 'pass' && utility !== undefined ? [utility] : [],
  );
  return utilities.length === 0 ? undefined : Math.max(...utilities);
}
