import { existsSync } from 'node:fs';
import type { Space } from '../../../searcher/space/space.js';
import { isSwept } from '../../core/load-name.js';
import { tool } from '../../core/package-manifest.js';
import { PerfError } from '../../core/perf-error.js';
import type { SearchResult } from '../../core/search-result.js';
import type { Candidate, Metrics } from '../../core/trial.js';
import type { AnalyzeOptions } from '../analyze-options.js';
import type { CommandContext } from '../command-context.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { checkVerified } from '../flags/verify-flags.js';
import { describeMachine } from '../machine.js';
import { checkDocumentFiles, documentText, writeDocument } from '../write-document.js';
import { conditionsKey } from './conditions-key.js';
import { currentPoints, withSettings } from './current-points.js';
import { findAndJudge, limitOf } from './find-and-judge.js';
import { type Journal, journaledMeasure, openJournal } from './journal.js';
import { liveSpace, loadsOf, type SearchLoads } from './live-space.js';
import { createLoader } from './load-candidate.js';
import { createMeasure, type Effort, type Look } from './measure-candidate.js';
import { modelsBeside, titleOf } from './models-together.js';
import { openSearchServer, type SearchServer } from './open-search-server.js';
import { type WantedPrecisions, wantedPrecisions } from './precision-wish.js';
import { insightOf } from './search-insight.js';
import type { SearchWish } from './search-wish.js';
import { startServerMeter } from './server-meter.js';
import { liveMetrics } from './trial-of-level.js';
import {
  type ConfigurationChange,
  checkConfigurationsWritable,
  configurationChanges,
  writeConfigurations,
} from './write-configuration.js';
import { openResults, writeResults } from './write-results.js';
import { checkVariantRepository, writeVariants } from './write-variants.js';

const usualLoads = { name: 'concurrency', values: [1, 2, 4, 8, 16, 32] } as const;

/** A search that is over. */
export interface FinishedSearch {
  /** 4 when the best candidate does not certainly keep the limits. */
  readonly exitCode: ExitCode;
  readonly result: SearchResult;
}

/**
 * Searches configurations and loads of one model on a server, and writes what is asked for.
 *
 * @throws PerfError for everything that is known to stop it before the first measurement
 */
export async function runSearch(
  options: AnalyzeOptions,
  wish: SearchWish,
  context: CommandContext,
): Promise<FinishedSearch> {
  checkWish(wish);
  checkFiles(options, wish);
  using journal = wish.journal === undefined ? undefined : openJournal(wish.journal);
  const precisions = wantedPrecisions({ ...wish, settings: options.settings });
  if (wish.originals !== undefined && precisions === undefined) throw uselessOriginals();
  await using server = await openSearchServer(options, context, {
    varied: [...wish.variations.keys()],
    writes: wish.write === 'write',
    ...(wish.launch === undefined ? {} : { launch: wish.launch }),
    ...(precisions === undefined ? {} : { precisions: precisions.wish }),
    ...(wish.originals === undefined ? {} : { originals: wish.originals }),
  });
  refuseParts(server, wish);
  if (wish.write === 'write') checkConfigurationsWritable(server, options.settings.modelName);
  const { modelName } = options.settings;
  const changesOf = configurationChanges(server, modelName);
  const result = await searchOn(server, { options, wish, context, journal, changesOf, precisions }).finally(() =>
    context.progress.close(),
  );
  await writeFiles(result, { options, wish, server });
  context.print(documentText(result));
  const [best] = result.finalists;
  if (best !== undefined && wish.write !== 'nothing') {
    const breaksLimit = best.limits.some(({ certainty }) => certainty === 'fail');
    await writeConfigurations(changesOf(best.candidate), { isWished: wish.write === 'write', breaksLimit, context });
  }
  return { exitCode: exitCodeOf(result), result };
}

const uselessOriginals = (): PerfError =>
  new PerfError('usage', 'Cannot use --model-repository with -u: expected precisions to search, got none', {
    hint: 'A server that runs has a repository of its own; --vary precision=... needs the files of the model here too.',
  });

/** A variant of a model that is made of others would need variants of these. */
function refuseParts({ composing }: SearchServer, { variantRepository }: SearchWish): void {
  if (composing.size === 0 || variantRepository === undefined) return;
  throw new PerfError(
    'usage',
    `Cannot use --output-model-repository: expected a model that stands alone, got one made of ${[...composing.keys()].join(', ')}`,
  );
}

function checkFiles({ output }: AnalyzeOptions, { results, variantRepository }: SearchWish): void {
  checkDocumentFiles(output.reports);
  if (results !== undefined) openResults('--results', results);
  if (variantRepository !== undefined) checkVariantRepository(variantRepository);
}

interface Outputs {
  readonly options: AnalyzeOptions;
  readonly wish: SearchWish;
  readonly server: SearchServer;
}

async function writeFiles(result: SearchResult, { options, wish, server }: Outputs): Promise<void> {
  await writeDocument(result, options.output.reports);
  if (wish.results !== undefined) writeResults('--results', wish.results, [result]);
  if (wish.variantRepository !== undefined) writeVariants(wish.variantRepository, result, server);
}

function exitCodeOf({ isInterrupted, finalists: [best] }: SearchResult): ExitCode {
  if (isInterrupted) return exitCodes.interrupted;
  if (best === undefined) return exitCodes.noValidRequest;
  return best.limits.every(({ certainty }) => certainty === 'pass') ? exitCodes.done : exitCodes.gateFailed;
}

function checkWish({ goal, verify }: SearchWish): void {
  const tags = [...goal.objectives, ...goal.constraints].map(({ metric }) => metric.tag);
  checkVerified(tags, verify);
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
  readonly changesOf: (candidate: Candidate) => readonly ConfigurationChange[];
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
  const served = await server.client.serverMetadata();
  const measureWith = (effort: Effort): Look => {
    const measure = createMeasure(loader, { server, options, context, effort });
    return task.journal === undefined
      ? measure
      : journaledMeasure(task.journal, conditionsKey({ server, options, effort, setup, served }), measure);
  };
  const idle = server.embedded === undefined ? {} : startServerMeter(server.embedded.pid).read();
  const points = currentPoints(space, { server, load: loads.name, batchSize: settings.batchSize });
  const found = await findAndJudge(space, loads, {
    ...task,
    currentPoints: points,
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
    model: titleOf(settings),
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
      modelName: titleOf(settings),
      config: server.config,
      space,
      goal: wish.goal,
      composing: server.composing,
      changesOf: task.changesOf,
      pointOf: withSettings(points, loads.name),
    }),
    ...found,
  };
}

function spaceOfSearch(server: SearchServer, load: SearchLoads, { wish, options, precisions }: Task): Space {
  const { variations, usual, combinations } = wish;
  return liveSpace({
    config: server.config,
    composing: server.composing,
    beside: modelsBeside(options.settings),
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

/** The embedded server has no use for one. */
const hasGpus = ({ kind }: SearchServer): boolean => kind === 'local' && existsSync('/dev/nvidiactl');

const nothingLegal = ({ pruned: [first] }: Space): PerfError =>
  new PerfError('usage', `Cannot search: expected a candidate that can work, got none (${first?.reason})`);

function countReasons({ pruned }: Space): SearchResult['pruned'] {
  const counts = new Map<string, number>();
  for (const { reason } of pruned) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => ({ reason, count }));
}
