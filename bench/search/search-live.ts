import { candidateText } from '../../reports/candidate-text.js';
import { repeatInTurn } from '../../searcher/finals.js';
import type { Goal } from '../../searcher/goal/goal.js';
import { judge } from '../../searcher/goal/judge.js';
import type { GridRow } from '../../searcher/replay/read-grid.js';
import { fitService } from '../../searcher/simulator/fit-service.js';
import { effectsOf, predictThroughput } from '../../searcher/simulator/service-model.js';
import { spaceOf } from '../../searcher/space/space.js';
import { createTrialStore, ranking } from '../../searcher/trial-store.js';
import { gainOver, type Repeated } from '../../searcher/verdict.js';
import type { CommandContext } from '../../src/cli/command-context.js';
import { listenForInterrupts } from '../../src/cli/interrupt.js';
import { createProgress } from '../../src/cli/progress/create-progress.js';
import { createLoader } from '../../src/cli/search/load-candidate.js';
import { createMeasure } from '../../src/cli/search/measure-candidate.js';
import { openSearchServer } from '../../src/cli/search/open-search-server.js';
import { runSearch } from '../../src/cli/search/run-search.js';
import { readSearchArguments } from '../../src/cli/search-command.js';
import type { SearchResult } from '../../src/core/search-result.js';
import { type Candidate, candidateKey, type Trial } from '../../src/core/trial.js';
import { type LiveCase, liveCase } from './live-case.js';
import { readRecorded, writeGrid } from './recorded-grid.js';
import { quantile } from './search-grid.js';

/** Brute force chooses among so many of its best, when they are measured again: one measurement each is a lottery. */
const bestOfBrute = 3;

/**
 * A live search with a known answer: every candidate of a space of a sample model is measured (or read from its grid, with `recorded`), then
 * `guided` searches the same space. Both choices are measured again in turn. Prints the time that each took, the ratio of their throughputs with its interval,
 * and how well the simulator, fitted to what `guided` saw, foresees all other points.
 */
export async function benchSearchLive(model: string | undefined, isRecorded: boolean): Promise<void> {
  const task = liveCase(model);
  const context: CommandContext = {
    progress: await createProgress(process.stderr, 'none'),
    interrupt: listenForInterrupts(console.error),
    print: () => undefined,
  };
  if (!isRecorded) writeGrid(task.grid, task.model, (await searched(task, 'brute', context)).trials);
  const grid = readRecorded(task.grid, task.model);
  const guided = await searched(task, 'guided', context);
  const { goal } = argumentsOf(task, 'guided').wish;
  const [own] = guided.finalists;
  if (own === undefined) throw new Error('guided found nothing');
  const rivals = bestOf(grid, goal).slice(0, bestOfBrute);
  const repeatedOf = await measuredInTurn([own.candidate, ...rivals], { task, context });
  showTimes(grid, guided);
  showRatio(repeatedOf(own.candidate), rivals.map(repeatedOf), goal);
  showSimulator(grid, guided.trials);
}

function argumentsOf({ model, flags, limitMs, looks }: LiveCase, strategy: 'brute' | 'guided') {
  const limit = ['--constraint', `perf_latency_p99:max=${limitMs}`, '--seed', '1'];
  if (strategy === 'guided' && looks !== undefined) limit.push('--max-measurements', `${looks}`);
  return readSearchArguments([
    ...['-m', model, '--service-kind', 'embedded', '--strategy', strategy],
    ...limit,
    ...flags,
  ]);
}

async function searched(task: LiveCase, strategy: 'brute' | 'guided', context: CommandContext): Promise<SearchResult> {
  const { options, wish } = argumentsOf(task, strategy);
  console.log(`${task.model}: ${strategy} begins`);
  const { result } = await runSearch(options, wish, context);
  context.interrupt.signal.throwIfAborted();
  return result;
}

function bestOf(grid: readonly GridRow[], goal: Goal): Candidate[] {
  const store = createTrialStore();
  for (const { candidate, metrics } of grid) store.add({ ok: true, candidate, metrics, seconds: 0 });
  return ranking(store, goal).map(({ candidate }) => candidate);
}

/** Each once, in turn. */
async function measuredInTurn(
  candidates: readonly Candidate[],
  { task, context }: { readonly task: LiveCase; readonly context: CommandContext },
): Promise<(candidate: Candidate) => Repeated> {
  const { options } = argumentsOf(task, 'guided');
  await using server = await openSearchServer(options, context, { varied: [] });
  const loader = createLoader(server, task.model, false);
  const measure = createMeasure(loader, { server, options, context, effort: 'verdict' });
  const distinct = new Map(candidates.map((candidate) => [candidateKey(candidate), candidate]));
  console.log(`${task.model}: ${distinct.size} candidates in turn, ${task.rounds} measurements each`);
  const repeated = await repeatInTurn([...distinct.values()], measure, task.rounds);
  const byKey = new Map(repeated.map((each) => [candidateKey(each.candidate), each]));
  return (candidate) => byKey.get(candidateKey(candidate)) ?? { candidate, metrics: [] };
}

function showTimes(grid: readonly GridRow[], { trials, durationMs }: SearchResult): void {
  const brute = grid.reduce((sum, { seconds = 0 }) => sum + seconds, 0);
  const looks = trials.reduce((sum, { seconds }) => sum + seconds, 0);
  const inAll = durationMs / 1000;
  console.log(`brute force: ${grid.length} measurements in ${brute.toFixed(1)} s`);
  console.log(
    `guided: ${trials.length} first looks in ${looks.toFixed(1)} s, ${percent(looks / brute)} of brute force; ` +
      `with its verdict ${inAll.toFixed(1)} s, ${percent(inAll / brute)}`,
  );
}

/** Brute force's is the best of its candidates, by what they brought when they were measured again. */
function showRatio(choice: Repeated, rivals: readonly Repeated[], goal: Goal): void {
  const store = createTrialStore();
  for (const { candidate, metrics } of rivals) {
    for (const each of metrics) store.add({ ok: true, candidate, metrics: each, seconds: 0 });
  }
  const [best] = ranking(store, goal);
  const brute = rivals.find(({ candidate }) => candidate === best?.candidate);
  console.log(lineOf(choice, 'guided', goal));
  for (const each of rivals) console.log(lineOf(each, each === brute ? 'brute force, its best' : 'brute force', goal));
  const gain = brute === undefined ? undefined : gainOver(choice, brute, goal);
  if (brute === choice || gain === undefined) {
    console.log(brute === choice ? 'both chose the same' : 'the choices were not measured twice');
    return;
  }
  const { mean, low, high } = gain;
  console.log(
    `throughput of guided's choice over that of brute force: ${(1 + mean).toFixed(3)} ` +
      `(95 %: ${(1 + low).toFixed(3)} to ${(1 + high).toFixed(3)})`,
  );
}

function lineOf({ candidate, metrics }: Repeated, whose: string, goal: Goal): string {
  const of = (tag: string): number[] => metrics.flatMap((each) => each[tag] ?? []);
  const kept = metrics.filter((each) => judge(each, goal).kept === 'pass').length;
  return (
    `${whose}: ${candidateText(candidate)}: median ${quantile(of('perf_throughput'), 0.5).toFixed(1)} infer/s, ` +
    `p99 ${quantile(of('perf_latency_p99'), 0.5).toFixed(2)} ms, within the limit ${kept} of ${metrics.length} times`
  );
}

function showSimulator(grid: readonly GridRow[], trials: readonly Trial[]): void {
  const effects = effectsOf(spaceOf(grid.map(({ candidate }) => candidate)).dimensions);
  const served = trials.flatMap((trial) => {
    const throughput =
      trial.ok && Object.keys(trial.candidate).length > 1 ? trial.metrics['perf_throughput'] : undefined;
    return throughput === undefined ? [] : [{ candidate: trial.candidate, throughput }];
  });
  const parameters = fitService(served, effects);
  if (parameters === undefined) return;
  const seen = new Set(served.map(({ candidate }) => candidateKey(candidate)));
  const errors = grid.flatMap(({ candidate, metrics: { perf_throughput: throughput } }) =>
    throughput === undefined || seen.has(candidateKey(candidate))
      ? []
      : [Math.abs(predictThroughput(parameters, candidate, effects) / throughput - 1)],
  );
  console.log(
    `simulator, fitted to ${served.length} first looks of guided: throughput of ${errors.length} others off by ` +
      `${percent(quantile(errors, 0.5))} at the median, nine in ten within ${percent(quantile(errors, 0.9))}`,
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
