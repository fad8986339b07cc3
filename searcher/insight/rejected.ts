import type { Rejected } from '../../src/core/search-result.js';
import { type Candidate, candidateKey, type Metrics } from '../../src/core/trial.js';
import type { Constraint, Goal } from '../goal/goal.js';
import { judge } from '../goal/judge.js';
import type { Space } from '../space/space.js';
import { type Ranked, ranking, type TrialStore } from '../trial-store.js';

const listed = 8;

/** The candidates that are nearest to the best one and were not taken, each with the reason; of equally near ones the better first. */
export function rejectedNear(
  best: Candidate,
  store: TrialStore,
  { space, goal }: { space: Space; goal: Goal },
): Rejected[] {
  const ranked = ranking(store, goal);
  const winner = ranked.find(({ candidate }) => candidateKey(candidate) === candidateKey(best));
  const all = [
    ...ranked.map(({ candidate, mean, judgement }) => ({ candidate, reason: whyWorse(mean, judgement, winner, goal) })),
    ...store
      .all()
      .flatMap(({ candidate, mean, trials: [first] }) =>
        mean !== undefined || first === undefined || first.ok ? [] : [{ candidate, reason: `failed: ${first.reason}` }],
      ),
    ...space.pruned.map(({ candidate, reason }) => ({ candidate, reason: `left out: ${reason}` })),
  ];
  return all
    .map((each) => ({ ...each, differences: differencesOf(each.candidate, best) }))
    .filter(({ differences }) => differences > 0)
    .sort((left, right) => left.differences - right.differences)
    .slice(0, listed);
}

function differencesOf(left: Candidate, right: Candidate): number {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].filter((name) => left[name] !== right[name]).length;
}

function whyWorse(
  mean: Metrics,
  { kept, utility }: Ranked['judgement'],
  winner: Ranked | undefined,
  goal: Goal,
): string {
  if (kept !== 'pass') return goal.constraints.flatMap((limit) => breachOf(limit, mean, goal)).join(', ');
  const best = winner?.judgement.utility;
  if (utility === undefined) return 'the objective was not measured';
  if (best === undefined) return 'not chosen';
  const behind = 100 * (1 - Math.exp(utility - best));
  return behind > 0 ? `${percent(behind)} behind` : `${percent(-behind)} ahead at first sight, not when measured again`;
}

const percent = (value: number): string => `${Number(value.toPrecision(2))} %`;

function breachOf(limit: Constraint, mean: Metrics, { objectives }: Goal): string[] {
  const { kept, violation } = judge(mean, { objectives, constraints: [limit] });
  if (kept === 'pass') return [];
  return [
    kept === 'unknown'
      ? `${limit.metric.tag} was not measured`
      : `breaks ${limit.metric.tag} by ${percent(100 * violation)}`,
  ];
}
