import { existsSync } from 'node:fs';
import { candidateText } from '../../../reports/candidate-text.js';
import { formatSearch, searchTrialLine } from '../../../reports/search.js';
import { formatSearchCsv } from '../../../reports/search-csv.js';
import { bestLoad, finalistsOf, repeatInTurn } from '../../../searcher/finals.js';
import type { Constraint, Goal } from '../../../searcher/goal/goal.js';
import { compareJudgements, judge } from '../../../searcher/goal/judge.js';
import { search } from '../../../searcher/search.js';
import type { Space } from '../../../searcher/space/space.js';
import { type StrategyName, strategies } from '../../../searcher/strategies/strategies.js';
import { createTrialStore, ranking, type TrialStore } from '../../../searcher/trial-store.js';
import { chancesOfBest, gainOver, judgeConstraint, type Repeated } from '../../../searcher/verdict.js';
import { isSwept } from '../../core/load-name.js';
import { tool } from '../../core/package-manifest.js';
import { PerfError } from '../../core/perf-error.js';
import type { Finalist, SearchLimit, SearchResult } from '../../core/search-result.js';
import { type Candidate, candidateKey, type Measure, type Metrics, type Trial } from '../../core/trial.js';
import type { AnalyzeOptions } from '../analyze-options.js';
import type { CommandContext } from '../command-context.js';
import type { ServerLaunch } from '../embedded-server.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { describeMachine } from '../machine.js';
import { checkWritable, writeOutput } from '../write-output.js';
import { withoutLoad } from './apply-candidate.js';
import { type Journal, journaledMeasure, openJournal } from './journal.js';
import { liveSpace, loadsOf, type SearchLoads, type Variations } from './live-space.js';
import { conditionsKey, createLoader, createMeasure, type Effort } from './measure-candidate.js';
import { openSearchServer, type SearchServer } from './open-search-server.js';
import { accuracyLimits } from './precision-names.js';
import { type WantedPrecisions, wantedPrecisions } from './precision-wish.js';
import { insightOf } from './search-insight.js';
import { startServerMeter } from './server-meter.js';
import { liveMetrics } from './trial-of-level.js';
import {
  type ConfigurationChange,
  configurationChange,
  configurationFile,
  writeConfiguration,
} from './write-configuration.js';
import { openResults, writeResults } from './write-results.js';
import { writeSearchPage } from './write-search-page.js';
import { checkVariantRepository, type VariantRepository, writeVariants } from './write-variants.js';

/** What a search on a server was asked to do, beside what is measured and how. */
export interface SearchWish {
  readonly goal: Goal;
  readonly strategy: StrategyName;
  readonly maxMeasurements: number | undefined;
  /** No first look begins after this time; what decides comes on top. */
  readonly budgetMs: number | undefined;
  readonly variations: Variations;
  /** Instead of what usually matters when nothing is named; what does not apply to the model is left out. */
  readonly usual?: Variations;
  /** Parts of configurations, searched as they are. */
  readonly combinations?: readonly Candidate[];
  /** How a server of ours is to be started. */
  readonly launch?: ServerLaunch;
  readonly journal: string | undefined;
  /** Whether the user named the loads. */
  readonly hasLoad: boolean;
  /** The loads one by one, in place of a range. */
  readonly loads?: SearchLoads;
  /** A folder for Model Analyzer's tables and the document. */
  readonly results?: string;
  /** A folder for every configuration that was measured, as a model. */
  readonly variantRepository?: VariantRepository;
  /** What to do with the best configuration. */
  readonly write: 'nothing' | 'show' | 'write';
}

const usualLoads = { name: 'concurrency', values: [1, 2, 4, 8, 16, 32] } as const;
const finalistCount = 3;
const rounds = 3;

/** A search that is over. */
export interface FinishedSearch {
  /** 4 when the best candidate does not certainly keep the limits. */
  readonly exitCode: ExitCode;
  readonly result: SearchResult;
}

/**
 * Searches configurations and loads of a model on a server, and writes what is asked for.
 *
 * @throws PerfError for everything that is known to stop it before the first measurement
 */
export async function runSearch(
  options: AnalyzeOptions,
  wish: SearchWish,
  context: CommandContext,
): Promise<FinishedSearch> {
  checkWish(options, wish);
  checkFiles(options, wish);
  using journal = wish.journal === undefined ? undefined : openJournal(wish.journal);
  const precisions = wantedPrecisions({ ...wish, settings: options.settings });
  await using server = await openSearchServer(options, context, {
    ...(wish.launch === undefined ? {} : { launch: wish.launch }),
    ...(precisions === undefined ? {} : { precisions: precisions.wish }),
  });
  const { modelName } = options.settings;
  const { text: before } = configurationFile(server.modelRepository, modelName);
  const changeOf = (candidate: Candidate): ConfigurationChange =>
    configurationChange(candidate, server, { modelName, before });
  const result = await searchOn(server, { options, wish, context, journal, changeOf, precisions }).finally(() =>
    context.progress.close(),
  );
  await writeFiles(result, { options, wish, server });
  context.print(formatSearch(result));
  const [best] = result.finalists;
  if (best !== undefined && wish.write !== 'nothing') {
    await writeConfiguration(changeOf(best.candidate), { isWished: wish.write === 'write', context });
  }
  return { exitCode: exitCodeOf(result), result };
}

function checkFiles({ output }: AnalyzeOptions, { results, variantRepository }: SearchWish): void {
  const { csv, json, html } = output.reports;
  for (const [flag, file] of Object.entries({ '-f': csv, '--json': json, '--html': html })) {
    if (file !== undefined) checkWritable(flag, file);
  }
  if (results !== undefined) openResults('--results', results);
  if (variantRepository !== undefined) checkVariantRepository(variantRepository);
}

interface Outputs {
  readonly options: AnalyzeOptions;
  readonly wish: SearchWish;
  readonly server: SearchServer;
}

async function writeFiles(result: SearchResult, { options, wish, server }: Outputs): Promise<void> {
  const { csv, json, html } = options.output.reports;
  if (json !== undefined) writeOutput('--json', json, `${JSON.stringify(result, null, 2)}\n`);
  if (csv !== undefined) writeOutput('-f', csv, formatSearchCsv(result));
  if (html !== undefined) await writeSearchPage(html, result);
  if (wish.results !== undefined) writeResults('--results', wish.results, [result]);
  if (wish.variantRepository !== undefined) writeVariants(wish.variantRepository, result, server);
}

function exitCodeOf({ isInterrupted, finalists: [best] }: SearchResult): ExitCode {
  if (isInterrupted) return exitCodes.interrupted;
  if (best === undefined) return exitCodes.noValidRequest;
  return best.limits.every(({ certainty }) => certainty === 'pass') ? exitCodes.done : exitCodes.gateFailed;
}

function checkWish({ settings }: AnalyzeOptions, { goal }: SearchWish): void {
  if (settings.models !== undefined) {
    throw new PerfError(
      'usage',
      `Cannot search several models at once: expected one with -m, got ${settings.modelName}`,
    );
  }
  const unknown = [...goal.objectives, ...goal.constraints].find(({ metric }) => !liveMetrics.has(metric.tag));
  if (unknown !== undefined) {
    throw new PerfError(
      'usage',
      `Cannot search by ${unknown.metric.tag}: expected a metric that is measured here, got one that is not`,
      {
        hint: `Measured are ${[...liveMetrics].join(', ')}.`,
      },
    );
  }
}

interface Task {
  readonly options: AnalyzeOptions;
  readonly wish: SearchWish;
  readonly context: CommandContext;
  readonly journal: Journal | undefined;
  readonly changeOf: (candidate: Candidate) => ConfigurationChange;
  readonly precisions: WantedPrecisions | undefined;
}

async function searchOn(server: SearchServer, task: Task): Promise<SearchResult> {
  const { options, wish, context } = task;
  const { settings } = options;
  const startedAt = new Date();
  const loads = wish.loads ?? (wish.hasLoad && isSwept(settings.load) ? loadsOf(settings.load) : usualLoads);
  const space = spaceOfSearch(server, loads, task);
  if (space.candidates.length === 0) throw nothingLegal(space);
  context.progress.say(`Space: ${space.candidates.length} candidates, ${space.pruned.length} more left out.`);
  const aimed = [...wish.goal.objectives, ...wish.goal.constraints];
  const restarts = aimed.some(({ metric }) => metric.tag === 'cpu_used_ram');
  const loader = createLoader(server, settings.modelName, restarts);
  const setup = {
    ...(wish.launch === undefined ? {} : { launch: wish.launch }),
    ...(restarts ? { restarts: true as const } : {}),
    ...(task.precisions === undefined ? {} : { weightBits: task.precisions.wish.weightBits }),
  };
  const measureWith = (effort: Effort): Measure => {
    const measure = createMeasure(loader, { server, options, context, effort });
    return task.journal === undefined
      ? measure
      : journaledMeasure(task.journal, conditionsKey({ server, options, effort, setup }), measure);
  };
  const idle = server.embedded === undefined ? {} : startServerMeter(server.embedded.pid).read();
  const found = await findAndJudge(space, loads, {
    ...task,
    screen: measureWith('screen'),
    repeat: measureWith('verdict'),
  });
  const limits = wish.goal.constraints.map(limitOf);
  return {
    format: 'perf-analyze/search',
    formatVersion: 1,
    tool,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    isInterrupted: context.interrupt.signal.aborted,
    model: settings.modelName,
    server: { kind: server.kind, url: server.url },
    machine: describeMachine(),
    config: server.config,
    strategy: wish.strategy,
    seed: settings.seed,
    objectives: wish.goal.objectives.map(({ metric, weight }) => ({ metric: metric.tag, weight })),
    limits,
    batchSize: settings.batchSize,
    idle: memoryOf(idle),
    candidates: space.candidates.length,
    pruned: countReasons(space),
    ...insightOf(found.trials, found.finalists[0], {
      modelName: settings.modelName,
      config: server.config,
      space,
      goal: wish.goal,
      changeOf: task.changeOf,
    }),
    ...found,
  };
}

function spaceOfSearch(server: SearchServer, load: SearchLoads, { wish, options, precisions }: Task): Space {
  const { variations, usual, combinations } = wish;
  return liveSpace({
    config: server.config,
    variations,
    ...(usual === undefined ? {} : { usual }),
    ...(combinations === undefined ? {} : { combinations }),
    ...(precisions === undefined ? {} : { precisions: precisions.names }),
    ...(server.precisions === undefined ? {} : { refusals: server.precisions.refusals }),
    load,
    batchSize: options.settings.batchSize,
    machine: server.cores === undefined ? undefined : { cores: server.cores, hasGpus: hasGpus(server) },
  });
}

/** CPU use of a moment says nothing. */
const memoryOf = ({ cpu_utilization: _, ...memory }: Metrics): Metrics => memory;

const limitOf = ({ metric, min, max }: Constraint): SearchLimit => ({
  metric: metric.tag,
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});

/** The embedded server has no use for one. */
const hasGpus = ({ kind }: SearchServer): boolean => kind === 'local' && existsSync('/dev/nvidiactl');

const nothingLegal = ({ pruned: [first] }: Space): PerfError =>
  new PerfError('usage', `Cannot search: expected a candidate that can work, got none (${first?.reason})`);

function countReasons({ pruned }: Space): SearchResult['pruned'] {
  const counts = new Map<string, number>();
  for (const { reason } of pruned) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => ({ reason, count }));
}

interface Measures extends Task {
  readonly screen: Measure;
  readonly repeat: Measure;
}

type Found = Pick<SearchResult, 'trials' | 'finalists' | 'gain'>;

/** An interrupt ends it with what was found so far. */
async function findAndJudge(space: Space, loads: SearchLoads, task: Measures): Promise<Found> {
  const { wish, context, options } = task;
  const { signal } = context.interrupt;
  const trials: Trial[] = [];
  const store = createTrialStore();
  const tellWhat = (candidate: Candidate): void =>
    context.progress.search({
      candidate: candidateText(candidate),
      measured: trials.length,
      best: bestLine(store, wish.goal),
    });
  const repeat: Measure = (candidate) => {
    tellWhat(candidate);
    return task.repeat(candidate);
  };
  const screen: Measure = async (candidate) => {
    tellWhat(candidate);
    const trial = await task.screen(candidate);
    trials.push(trial);
    store.add(trial);
    context.progress.say(`${trials.length}: ${searchTrialLine(trial)}`);
    return trial;
  };
  try {
    const current = await bestLoad(loads, wish.goal, screen);
    const choice = await explore(space, screen, task);
    const finalists = finalistsOf(choice, store, wish.goal, finalistCount);
    const lacking = current === undefined || finalists.some((each) => candidateKey(each) === candidateKey(current));
    context.progress.say(`Deciding: ${finalists.length} finalists, ${rounds} more measurements each, in turn.`);
    const repeated = await repeatInTurn(lacking ? finalists : [...finalists, current], repeat, rounds);
    return { trials, ...judged(repeated, current, { goal: wish.goal, seed: options.settings.seed }) };
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    return { trials, finalists: [] };
  }
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
