import { type Random, seededRandom } from '../../src/core/random.js';
import type { Candidate } from '../../src/core/trial.js';
import type { Goal } from '../goal/goal.js';
import { type Judgement, judge } from '../goal/judge.js';
import type { Belief } from './gaussian-process.js';
import type { Quantity } from './quantities.js';
import { metricsAt } from './surrogate.js';

/** What a candidate promises, over draws from what is believed of it. */
export interface Outlook {
  readonly candidate: Candidate;
  /** The share of draws that keep all constraints. */
  readonly passChance: number;
  /** At the means. */
  readonly expected: Judgement;
  /** How much more utility than `over` a measurement is expected to bring, as far as it keeps the constraints. */
  improvement(over: number): number;
  /** How much utility is expected to be lost by whoever takes the candidate for better than `than`, where it is not. */
  regret(than: number): number;
  /** The mean violation of the best quarter of the draws. */
  hopefulViolation(): number;
}

const drawCount = 48;
/** What a broken limit is like: less of the objective by as much as this, on its logarithmic scale. */
const brokenRegret = 0.5;

/** Draws from a standard normal distribution, as many as there are quantities in each: the same for all candidates. */
export function createDraws(quantityCount: number, seed: number): readonly (readonly number[])[] {
  const random = seededRandom(seed);
  const half = Array.from({ length: drawCount / 2 }, () => Array.from({ length: quantityCount }, () => normal(random)));
  return [...half, ...half.map((draw) => draw.map((value) => -value))];
}

/** Box and Muller. */
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

export interface OutlookOptions {
  readonly goal: Goal;
  readonly quantities: readonly Quantity[];
  readonly draws: readonly (readonly number[])[];
}

export function outlookOf(
  candidate: Candidate,
  beliefs: readonly Belief[],
  { goal, quantities, draws }: OutlookOptions,
): Outlook {
  const at = (draw: readonly number[]): Judgement => {
    const values = beliefs.map(({ mean, deviation }, index) => mean + deviation * (draw[index] ?? 0));
    return judge(metricsAt(candidate, quantities, values), goal);
  };
  const judgements = draws.map(at);
  const passing = judgements.filter(({ kept }) => kept === 'pass');
  return {
    candidate,
    passChance: passing.length / judgements.length,
    expected: at([]),
    improvement: (over) =>
      passing.reduce((sum, { utility = over }) => sum + Math.max(0, utility - over), 0) / judgements.length,
    regret: (than) =>
      judgements.reduce(
        (sum, { kept, utility = than }) => sum + (kept === 'pass' ? Math.max(0, than - utility) : brokenRegret),
        0,
      ) / judgements.length,
    hopefulViolation: () => {
      const violations = judgements.map(({ violation }) => violation).sort((left, right) => left - right);
      const best = violations.slice(0, Math.ceil(violations.length / 4));
      return best.reduce((sum, violation) => sum + violation, 0) / best.length;
    },
  };
}

/** A candidate that is luckier than this in a quantity is not expected. */
const luck = 2.2;
const lucky = [-luck, luck].flatMap((throughput) => [-luck, luck].map((other) => ({ throughput, other })));

/** Whether a candidate could be better than `over` if it turned out well: a cheap look before the full one. */
export function couldImprove(
  candidate: Candidate,
  beliefs: readonly Belief[],
  { goal, quantities, over }: OutlookOptions & { readonly over: number },
): boolean {
  return lucky.some(({ throughput, other }) => {
    const values = beliefs.map(({ mean, deviation }, index) => mean + deviation * (index === 0 ? throughput : other));
    const { kept, utility = over } = judge(metricsAt(candidate, quantities, values), goal);
    return kept === 'pass' && utility > over;
  });
}
