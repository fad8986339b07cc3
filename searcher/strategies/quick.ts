import { type Candidate, candidateKey } from '../../src/core/trial.js';
import { compareJudgements, type Judgement, judge } from '../goal/judge.js';
import type { Dimension } from '../space/space.js';
import type { CreateStrategy } from '../strategy.js';
import { createTrialStore, ranking } from '../trial-store.js';

/**
 * Hill climbing: from the first values of all dimensions to the best of the neighbours, one step up or down in one dimension
 * at a time, until none is better. Steps double while they help. For those who compare: it stops at the first hill top.
 */
export const quick: CreateStrategy = ({ space, goal, maxMeasurements }) => {
  const store = createTrialStore();
  const known = new Map<string, Judgement | undefined>();
  const byKey = new Map(space.candidates.map((candidate) => [candidateKey(candidate), candidate]));
  let home = space.candidates[0];
  let step = 1;
  let proposals = 0;

  const isBetter = (left: Candidate, right: Candidate): boolean => {
    const [mine, other] = [known.get(candidateKey(left)), known.get(candidateKey(right))];
    if (mine === undefined || other === undefined) return mine !== undefined && other === undefined;
    return compareJudgements(mine, other) < 0;
  };
  const neighbours = (from: Candidate): Candidate[] =>
    space.dimensions
      .flatMap((dimension) => [moved(from, dimension, step), moved(from, dimension, -step)])
      .map((candidate) => byKey.get(candidateKey(candidate ?? {})))
      .filter((candidate) => candidate !== undefined);
  /** Where to go when everything around is known; false at the top. */
  const climb = (from: Candidate, around: readonly Candidate[]): boolean => {
    const best = around.reduce((left, right) => (isBetter(right, left) ? right : left), from);
    if (best === from && step === 1) return false;
    step = best === from ? 1 : step * 2;
    home = best;
    return true;
  };
  const nextUnknown = (): Candidate | undefined => {
    while (home !== undefined) {
      const around = [home, ...neighbours(home)];
      const unknown = around.find((candidate) => !known.has(candidateKey(candidate)));
      if (unknown !== undefined || !climb(home, around)) return unknown;
    }
    return undefined;
  };
  return {
    propose: () => {
      if (proposals >= maxMeasurements) return undefined;
      proposals++;
      return nextUnknown();
    },
    observe: (trial) => {
      store.add(trial);
      known.set(candidateKey(trial.candidate), trial.ok ? judge(trial.metrics, goal) : undefined);
    },
    choose: () => ranking(store, goal)[0]?.candidate,
  };
};

/** So many values further along one dimension, or at its end; `undefined`: nowhere else. */
function moved(from: Candidate, { name, values }: Dimension, steps: number): Candidate | undefined {
  const at = values.indexOf(from[name] ?? '');
  const to = Math.max(0, Math.min(values.length - 1, at + steps));
  const value = values[to];
  return at === -1 || to === at || value === undefined ? undefined : { ...from, [name]: value };
}
