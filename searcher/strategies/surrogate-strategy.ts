import { deriveSeed, type Random, seededRandom } from '../../src/core/random.js';
import { type Candidate, candidateKey, type Trial } from '../../src/core/trial.js';
import type { Strategy, StrategyOptions } from '../strategy.js';
import { featuresOf } from '../surrogate/features.js';
import type { Belief } from '../surrogate/gaussian-process.js';
import { couldImprove, createDraws, type Outlook, type OutlookOptions, outlookOf } from '../surrogate/outlook.js';
import { quantitiesOf } from '../surrogate/quantities.js';
import type { Surrogate } from '../surrogate/surrogate.js';
import { createTrialStore, ranking } from '../trial-store.js';
import { createExperts, type FitThroughput } from './experts.js';
import { initialDesign } from './initial-design.js';

/** What differs between strategies that ask a surrogate. */
export interface SurrogateStrategyOptions extends StrategyOptions {
  /** Models of throughput that a surrogate corrects, each by an expert of its own; `undefined` is one that starts from a constant. */
  readonly expectations: readonly (FitThroughput | undefined)[];
}

/** A choice keeps the constraints at least this likely, unless nothing does; what the search compares others with, at least that. */
const sureChance = 0.8;
const safeChance = 0.6;
/** By how much a choice that keeps them less likely has to be better: utility for each logarithm of the chance. */
const caution = 2;
/** A candidate is measured again only if it keeps them at least this likely, and at most so often in all. */
const hopefulChance = 0.1;
const mostRepeats = 8;
/** Before it gives up, a search believes that its surrogate is so many times less certain than it says. */
const doubt = 2;
/** Enough when the best measurement promises less than this share, this many times in a row. */
const worthwhile = 0.0001;
const patience = 5;
const mostConsidered = 3000;

/**
 * Measures a first design, then always the candidate that promises most: the largest expected improvement over the best one that
 * is known to keep the constraints or, while there is none, the smallest violation if all goes well. A candidate that may be better
 * than that one, or lies close to a limit, is measured again when that promises more than anything new; so is the best one itself,
 * as far as luck may have made it that. The last measurement goes to a choice that was measured once, where there are limits to keep.
 */
export function surrogateStrategy(options: SurrogateStrategyOptions): Strategy {
  const { space, goal, seed, maxMeasurements, expectations } = options;
  const features = featuresOf(space);
  const quantities = quantitiesOf(goal);
  const outlooks: OutlookOptions = {
    goal,
    quantities,
    draws: createDraws(quantities.length, deriveSeed(seed, 'draws')),
  };
  const random = seededRandom(deriveSeed(seed, 'design'));
  const firstCount = Math.min(maxMeasurements, 3 + Math.min(4, Math.ceil(space.dimensions.length / 2)));
  const first = initialDesign(space, features, { count: firstCount, random });
  const store = createTrialStore();
  const trials: Trial[] = [];
  const repeats = new Map<string, number>();
  const experts = createExperts({ features, quantities, seed, expectations });
  let proposals = 0;
  let unpromising = 0;

  const repeatsOf = (candidate: Candidate): number => repeats.get(features.keyOf(candidate)) ?? 0;
  const isOpen = (candidate: Candidate): boolean => repeatsOf(candidate) === 0;

  const look = (): Situation => {
    const surrogate = experts.fit(trials);
    const measured = store.all().filter(({ mean }) => mean !== undefined);
    const known = measured.map(({ candidate }) => outlookOf(candidate, surrogate.beliefs(candidate), outlooks));
    return { surrogate, known, leader: leaderOf(known, safeChance) };
  };

  const untried = ({ surrogate }: Situation): Untried[] =>
    sample(space.candidates.filter(isOpen), seededRandom(deriveSeed(seed, `${trials.length}`))).map((candidate) => ({
      candidate,
      beliefs: surrogate.beliefs(candidate),
    }));

  const mostPromising = ({ surrogate, known, leader }: Situation, open: readonly Untried[], doubted: number): Hope => {
    const over = leader?.expected.utility;
    const fresh = open.flatMap(({ candidate, beliefs: certain }) => {
      const beliefs = certain.map(({ mean, deviation }) => ({ mean, deviation: doubted * deviation }));
      if (over !== undefined && !couldImprove(candidate, beliefs, { ...outlooks, over })) return [];
      const outlook = outlookOf(candidate, beliefs, outlooks);
      return [{ candidate, score: scoreOf(outlook, over, surrogate.successChance(candidate)) }];
    });
    const others = known.filter((outlook) => outlook !== leader);
    const second = leaderOf(others, safeChance);
    const again = known.flatMap((outlook) => {
      const { candidate, passChance } = outlook;
      const count = repeatsOf(candidate);
      if (over === undefined || passChance < hopefulChance || count >= mostRepeats) return [];
      const atStake =
        outlook === leader
          ? outlook.regret(second === undefined ? over - 1 : worthOf(second))
          : outlook.improvement(over);
      // The share of its uncertainty that the mean of one more measurement takes away.
      return [{ candidate, score: atStake / Math.sqrt(count + 1) }];
    });
    const pool = [...fresh, ...again];
    return pool.reduce<Hope>((best, next) => (next.score > best.score ? next : best), nothing);
  };

  /** One measurement may have kept the limits by luck. */
  const isUnconfirmed = ({ leader }: Situation): boolean =>
    leader !== undefined && goal.constraints.length > 0 && repeatsOf(leader.candidate) === 1;

  const proposeByModel = (): Candidate | undefined => {
    const situation = look();
    if (isUnconfirmed(situation) && proposals === maxMeasurements) return situation.leader?.candidate;
    const open = untried(situation);
    const hope = mostPromising(situation, open, 1);
    if (situation.leader === undefined || hope.score >= worthwhile) {
      unpromising = 0;
      return hope.candidate;
    }
    unpromising++;
    const faint = mostPromising(situation, open, doubt);
    return unpromising > patience || faint.score < worthwhile ? undefined : faint.candidate;
  };

  return {
    propose: () => {
      if (proposals >= maxMeasurements) return undefined;
      proposals++;
      return first.find(isOpen) ?? proposeByModel();
    },
    observe: (trial) => {
      experts.judge(trial);
      store.add(trial);
      trials.push(trial);
      repeats.set(features.keyOf(trial.candidate), repeatsOf(trial.candidate) + 1);
    },
    choose: () => {
      const [best] = ranking(store, goal);
      if (best === undefined) return undefined;
      const { known, leader } = look();
      return (leaderOf(known, sureChance) ?? leader)?.candidate ?? best.candidate;
    },
  };
}

interface Situation {
  readonly surrogate: Surrogate;
  /** Of what was measured. */
  readonly known: readonly Outlook[];
  /** The best that is known to keep the constraints. */
  readonly leader: Outlook | undefined;
}

/** A candidate that nobody has measured, and what is believed of it. */
interface Untried {
  readonly candidate: Candidate;
  readonly beliefs: readonly Belief[];
}

interface Hope {
  readonly candidate: Candidate | undefined;
  readonly score: number;
}

const nothing: Hope = { candidate: undefined, score: Number.NEGATIVE_INFINITY };

function leaderOf(known: readonly Outlook[], leastChance: number): Outlook | undefined {
  const safe = known.filter(({ passChance }) => passChance >= leastChance);
  const [first, ...others] = safe;
  if (first === undefined) return undefined;
  return others.reduce((best, next) => (worthOf(next) > worthOf(best) ? next : best), first);
}

/** Utility, less what may come of the limits that it does not surely keep. */
const worthOf = ({ expected, passChance }: Outlook): number =>
  (expected.utility ?? Number.NEGATIVE_INFINITY) + caution * Math.log(passChance);

/** Without anything feasible, a violation that could be smaller is better; a little luck counts, too. */
const scoreOf = (outlook: Outlook, over: number | undefined, successChance: number): number =>
  over === undefined
    ? outlook.passChance - outlook.hopefulViolation() + Math.log(successChance)
    : successChance * outlook.improvement(over);

/** All of them, or as many as can be looked at. */
function sample(candidates: readonly Candidate[], random: Random): readonly Candidate[] {
  if (candidates.length <= mostConsidered) return candidates;
  const seen = new Map<string, Candidate>();
  while (seen.size < mostConsidered) {
    const candidate = candidates[Math.floor(random() * candidates.length)];
    if (candidate !== undefined) seen.set(candidateKey(candidate), candidate);
  }
  return [...seen.values()];
}
