import { candidateText } from '../../../reports/candidate-text.js';
import { searchTrialLine } from '../../../reports/search.js';
import { bestLoad, finalistsOf, refineLoad, repeatInTurn } from '../../../searcher/finals.js';
import type { Constraint, Goal } from '../../../searcher/goal/goal.js';
import { compareJudgements, judge } from '../../../searcher/goal/judge.js';
import { hopelessOf } from '../../../searcher/hopeless.js';
import { search } from '../../../searcher/search.js';
import type { Space } from '../../../searcher/space/space.js';
import { strategies } from '../../../searcher/strategies/strategies.js';
import { createTrialStore, ranking, type TrialStore } from '../../../searcher/trial-store.js';
import { chancesOfBest, gainOver, judgeConstraint, type Repeated } from '../../../searcher/verdict.js';
import type { Finalist, SearchLimit, SearchResult } from '../../core/search-result.js';
import {
  type Candidate,
  candidateKey,
  type Hopeless,
  isLoadName,
  type Measure,
  type Metrics,
  type Trial,
  withoutLoad,
} from '../../core/trial.js';
import type { AnalyzeOptions } from '../analyze-options.js';
import type { CommandContext } from '../command-context.js';
import type { SearchLoads } from './live-space.js';
import type { Look } from './measure-candidate.js';
import { accuracyLimits } from './precision-names.js';
import type { SearchWish } from './search-wish.js';
import { secondsLeft, type WorkLeft } from './time-left.js';

const finalistCount = 3;
const rounds = 3;
/** Loads between those of the space, for the choice of the strategy. */
const refinements = 2;

export const limitOf = ({ metric, min, max }: Constraint): SearchLimit => ({
  metric: metric.tag,
  unit: metric.unit,
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});

/** A search with the two ways to measure: a first look, and a repeat that decides. */
export interface Measures {
  readonly options: AnalyzeOptions;
  readonly wish: SearchWish;
  readonly context: CommandContext;
  /** Candidates of the space with the configuration that is there now, by their loads. */
  readonly currentPoints: ReadonlyMap<number, Candidate>;
  readonly screen: Look;
  readonly repeat: Measure;
}

export type Found = Pick<SearchResult, 'trials' | 'finalists' | 'gain'>;

/** The strategy, the current configuration at its best load, and the repeats that decide. An interrupt ends it with what was found so far. */
export async function findAndJudge(space: Space, loads: SearchLoads, task: Measures): Promise<Found> {
  const { wish, context, options } = task;
  const { signal } = context.interrupt;
  const trials: Trial[] = [];
  const store = createTrialStore();
  const most = looksOf(space, wish);
  let left: WorkLeft = {
    looks: most + refinements + loads.values.length,
    repeats: (finalistCount + 1) * rounds,
    ...budgetFrom(wish),
  };
  const tellWhat = (candidate: Candidate): void => {
    const atMost = secondsLeft(
      left,
      trials.map(({ seconds }) => seconds),
    );
    context.progress.search({
      candidate: candidateText(candidate),
      measured: trials.length,
      best: bestLine(store, wish.goal),
      ...(atMost === undefined ? {} : { secondsLeft: atMost }),
    });
  };
  const repeat: Measure = (candidate) => {
    tellWhat(candidate);
    left = { ...left, repeats: left.repeats - 1 };
    return task.repeat(candidate);
  };
  const look = async (candidate: Candidate, hopeless: Hopeless): Promise<Trial> => {
    tellWhat(candidate);
    left = { ...left, looks: Math.max(0, left.looks - 1) };
    const trial = await task.screen(candidate, hopeless);
    trials.push(trial);
    store.add(trial);
    context.progress.say(`${trials.length}: ${searchTrialLine(trial)}`);
    return trial;
  };
  // Brute force is for those who want every figure in full.
  const screen: Measure = (candidate) => look(candidate, wish.strategy === 'brute' ? {} : hopelessOf(wish.goal, store));
  const lookAtCurrent: Measure = async (candidate) => {
    const point = task.currentPoints.get(Number(candidate[loads.name]));
    const metrics = point && store.of(point)?.mean;
    // However far it is behind, the gain over it is asked for.
    return metrics === undefined ? look(candidate, {}) : { ok: true, candidate, metrics, seconds: 0 };
  };
  try {
    const choice = await explore(space, screen, task);
    left = { ...left, looks: refinements + loads.values.length };
    if (choice !== undefined && wish.strategy !== 'brute') {
      await refineLoad(choice, screen, { load: loads, goal: wish.goal, store, refinements });
    }
    const start = choice && Number(choice[loads.name]);
    const current = await bestLoad(loads, wish.goal, lookAtCurrent, start);
    const finalists = finalistsOf(choice, store, {
      goal: wish.goal,
      count: finalistCount,
      nameOf: asCurrent(task.currentPoints, loads),
    });
    const lacking = current === undefined || finalists.some((each) => candidateKey(each) === candidateKey(current));
    context.progress.say(`Deciding: ${finalists.length} finalists, ${rounds} more measurements each, in turn.`);
    const all = lacking ? finalists : [...finalists, current];
    left = { looks: 0, repeats: all.length * rounds };
    const repeated = await repeatInTurn(all, repeat, rounds);
    return { trials, ...judged(repeated, current, { goal: wish.goal, seed: options.settings.seed }) };
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    return { trials, finalists: [] };
  }
}

/** Candidates that a strategy may look at, at most. */
const looksOf = ({ candidates }: Space, { strategy, maxMeasurements }: SearchWish): number =>
  Math.min(maxMeasurements ?? strategies[strategy].maxMeasurements, candidates.length);

const budgetFrom = ({ budgetMs }: SearchWish): Pick<WorkLeft, 'looksUntil'> =>
  budgetMs === undefined ? {} : { looksUntil: performance.now() + budgetMs };

/** What changes nothing is the current configuration itself. */
function asCurrent(points: ReadonlyMap<number, Candidate>, { name }: SearchLoads): (candidate: Candidate) => Candidate {
  const loads = new Map([...points].map(([value, candidate]) => [candidateKey(candidate), { [name]: value }]));
  const settings = new Set([...points.values()].map((candidate) => candidateKey(withoutLoad(candidate))));
  return (candidate) => {
    const known = loads.get(candidateKey(candidate));
    if (known !== undefined || !settings.has(candidateKey(withoutLoad(candidate)))) return known ?? candidate;
    return Object.fromEntries(Object.entries(candidate).filter(([each]) => isLoadName(each)));
  };
}

/** The best of what was measured, its figures first; nothing while nothing was. */
function bestLine(store: TrialStore, goal: Goal): string | undefined {
  const [best] = ranking(store, goal);
  if (best === undefined) return undefined;
  const name = candidateText(best.candidate);
  const line = searchTrialLine({ ok: true, candidate: best.candidate, metrics: best.mean, seconds: 0 });
  const remark = best.judgement.kept === 'pass' ? '' : ', breaks a limit';
  return `${line.slice(name.length + ': '.length)}${remark}, at ${name}`;
}

async function explore(
  space: Space,
  screen: Measure,
  { wish, context, options }: Measures,
): Promise<Candidate | undefined> {
  const { create, maxMeasurements } = strategies[wish.strategy];
  const decided = accuracyLimits(wish.goal);
  const strategy = create({
    space,
    goal: { ...wish.goal, constraints: wish.goal.constraints.filter((each) => !decided.includes(each)) },
    seed: options.settings.seed,
    maxMeasurements: wish.maxMeasurements ?? maxMeasurements,
  });
  const { signal } = context.interrupt;
  const limits = wish.budgetMs === undefined ? [] : [AbortSignal.timeout(wish.budgetMs)];
  for await (const _trial of search(strategy, screen, AbortSignal.any([signal, ...limits])));
  if (signal.aborted) throw signal.reason;
  return strategy.choose();
}

function judged(
  repeated: readonly Repeated[],
  current: Candidate | undefined,
  { goal, seed }: { readonly goal: Goal; readonly seed: number },
): Pick<Found, 'finalists' | 'gain'> {
  const measured = repeated.filter(({ metrics }) => metrics.length > 0);
  const chances = chancesOfBest(measured, goal, seed);
  const isCurrent = ({ candidate }: Repeated): boolean =>
    current !== undefined && candidateKey(withoutLoad(candidate)) === candidateKey(withoutLoad(current));
  const order = measured
    .map((each, index) => ({ each, chance: chances[index] ?? 0, judgement: judge(meanOf(each.metrics), goal) }))
    .sort((left, right) => compareJudgements(left.judgement, right.judgement));
  const finalists = order.map(
    ({ each, chance }): Finalist => ({
      candidate: each.candidate,
      isCurrent: isCurrent(each),
      metrics: meanOf(each.metrics),
      repeats: each.metrics.length,
      repeated: each.metrics,
      limits: goal.constraints.map((constraint) => {
        const { certainty, mean, interval } = judgeConstraint(constraint, each);
        return {
          ...limitOf(constraint),
          certainty,
          ...(mean === undefined ? {} : { mean }),
          ...(interval === undefined ? {} : { interval }),
        };
      }),
      chanceOfBest: chance,
    }),
  );
  const [best] = order;
  const before = order.find(({ each }) => isCurrent(each));
  const gain = best === undefined || before === undefined ? undefined : gainOver(best.each, before.each, goal);
  return { finalists, ...(gain === undefined ? {} : { gain }) };
}

/** Of the metrics that all of them have. */
function meanOf(all: readonly Metrics[]): Metrics {
  const tags = Object.keys(all[0] ?? {}).filter((tag) => all.every((metrics) => metrics[tag] !== undefined));
  return Object.fromEntries(
    tags.map((tag) => [tag, all.reduce((sum, metrics) => sum + (metrics[tag] ?? 0), 0) / all.length]),
  );
}
