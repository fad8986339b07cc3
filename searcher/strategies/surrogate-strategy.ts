import { deriveSeed, type Random, seededRandom } from '../../src/core/random.js';
import { type Candidate, candidateKey, type Trial } from '../../src/core/trial.js';
import type { Strategy, StrategyOptions } from '../strategy.js';
import { featuresOf } from '../surrogate/features.js';
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

/** A choice keeps the constraints at least this likely, unless nothing does. */
const safeChance = 0.85;
/** A candidate is measured again only if it keeps them at least this likely, and at most so often in all. */
const hopefulChance = 0.1;
const mostRepeats = 4;
/** The share of an improvement that one more measurement is expected to prove. */
const repeatWorth = 0.7;
/** Towards the end what looks better than the choice is made certain rather than something new tried. */
const closingShare = 0.15;
/** Before it gives up, a search believes that its surrogate is so many times less certain than it says. */
const doubt = 2;
/** Enough when the best measurement promises less than this share, this many times in a row. */
const worthwhile = 0.0001;
const patience = 5;
const mostConsidered = 3000;

/**
 * Measures a first design, then always the candidate that promises most: the largest expected improvement over the best one that
 * is known to keep the constraints or, while there is none, the smallest violation if all goes well. A candidate that may be better
 * than that one, or lies close to a limit, is measured again when that promises more than anything new.
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

  const look = (): Situation => {
    const surrogate = experts.fit(trials);
    const measured = store.all().filter(({ mean }) => mean !== undefined);
    const known = measured.map(({ candidate }) => outlookOf(candidate, surrogate.beliefs(candidate), outlooks));
    return { surrogate, known, leader: leaderOf(known) };
  };

  const repeatsOf = (candidate: Candidate): number => repeats.get(features.keyOf(candidate)) ?? 0;
  const isOpen = (candidate: Candidate): boolean => repeatsOf(candidate) === 0;

  const mostPromising = ({ surrogate, known, leader }: Situation, doubted: number): Hope => {
    const over = leader?.expected.utility;
    const considered = sample(space.candidates.filter(isOpen), seededRandom(deriveSeed(seed, `${trials.length}`)));
    const fresh = considered.flatMap((candidate) => {
      const beliefs = surrogate
        .beliefs(candidate)
        .map(({ mean, deviation }) => ({ mean, deviation: doubted * deviation }));
      if (over !== undefined && !couldImprove(candidate, beliefs, { ...outlooks, over })) return [];
      const outlook = outlookOf(candidate, beliefs, outlooks);
      return [{ candidate, score: scoreOf(outlook, over, surrogate.successChance(candidate)) }];
    });
    const again = known.flatMap((outlook) => {
      const { candidate, passChance } = outlook;
      if (over === undefined || candidate === leader?.candidate) return [];
      if (passChance < hopefulChance || repeatsOf(candidate) >= mostRepeats) return [];
      return [{ candidate, score: repeatWorth * outlook.improvement(over) }];
    });
    const isClosing = proposals > maxMeasurements * (1 - closingShare);
    const pool = isClosing && again.some(({ score }) => score >= worthwhile) ? again : [...fresh, ...again];
    return pool.reduce<Hope>((best, next) => (next.score > best.score ? next : best), nothing);
  };

  const proposeByModel = (): Candidate | undefined => {
    const situation = look();
    const hope = mostPromising(situation, 1);
    if (situation.leader === undefined || hope.score >= worthwhile) {
      unpromising = 0;
      return hope.candidate;
    }
    unpromising++;
    const faint = mostPromising(situation, doubt);
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
      return look().leader?.candidate ?? best.candidate;
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

interface Hope {
  readonly candidate: Candidate | undefined;
  readonly score: number;
}

const nothing: Hope = { candidate: undefined, score: Number.NEGATIVE_INFINITY };

function leaderOf(known: readonly Outlook[]): Outlook | undefined {
  const safe = known.filter(({ passChance }) => passChance >= safeChance);
  const [first, ...others] = safe;
  if (first === undefined) return undefined;
  const utility = ({ expected }: Outlook): number => expected.utility ?? Number.NEGATIVE_INFINITY;
  return others.reduce((best, next) => (utility(next) > utility(best) ? next : best), first);
}

/** Without anything feasible, a violation that could be smaller is better; a little luck counts, too. */
const scoreOf = (outlook: Outlook, over: number | undefined, successChance: number): number =>
  over === undefined
    ? outlook.passChance - outlook.hopefulViolation + Math.log(successChance)
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
