import yargs, { type Argv } from 'yargs';
import { strategyNames } from '../../searcher/strategies/strategies.js';
import { PerfError } from '../core/perf-error.js';
import { measureFlags, optionsFrom, repeatableMeasureFlags } from './analyze-command.js';
import type { AnalyzeOptions } from './analyze-options.js';
import type { CommandContext } from './command-context.js';
import { goalFlags, parseGoal, repeatableGoalFlags } from './flags/goal-flags.js';
import { badFlag, oneOf, parseInteger } from './flags/parse.js';
import { parserConfiguration } from './flags/parser-configuration.js';
import { uiPort } from './flags/progress-flags.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { parseVariations } from './flags/vary-flag.js';
import { parseVerify, verifyFlags } from './flags/verify-flags.js';
import { settingNames } from './search/apply-candidate.js';
import { together } from './search/models-together.js';
import type { SearchWish } from './search/search-wish.js';

const text = { type: 'string', requiresArg: true } as const;

/** Flags of `search`: what to look for and where, and those that say how a candidate is measured. */
export function searchFlags(parser: Argv) {
  return measureFlags(parser)
    .options(goalFlags)
    .options(verifyFlags)
    .option('vary', {
      ...text,
      array: true,
      default: [] as string[],
      defaultDescription: 'what usually matters',
      describe: `Values of a setting, NAME=1,2,4 or NAME=1:4 (repeatable): ${settingNames.join(', ')}`,
      group: 'Search:',
    })
    .option('strategy', { ...text, default: 'guided', describe: strategyNames.join(', '), group: 'Search:' })
    .option('max-measurements', {
      ...text,
      defaultDescription: '25 for guided, 40 for bayes, with those of the current configuration; no limit otherwise',
      describe: 'The strategy measures at most so many times',
      group: 'Search:',
    })
    .option('budget', {
      ...text,
      describe: 'No first look at a candidate after so long, such as 90s or 10m',
      group: 'Search:',
    })
    .option('together', {
      type: 'boolean',
      default: false,
      describe: 'Search the models of -m a=3,b as one: under load at the same time, 3 of 4 requests to a',
      group: 'Search:',
    })
    .option('journal', {
      ...text,
      describe: 'Keep every trial in this file, and go on where it ends',
      group: 'Search:',
    })
    .option('replay', {
      ...text,
      describe:
        'Search recorded measurements instead of a server: a CSV file, or a checkpoint of Model Analyzer (.ckpt)',
      group: 'Search:',
    })
    .option('write-config', {
      type: 'boolean',
      default: false,
      describe: 'Write the best configuration into the repository',
      group: 'Search:',
    })
    .option('dry-run', {
      type: 'boolean',
      default: false,
      describe: 'Show what --write-config would change',
      group: 'Search:',
    })
    .option('triton-server-path', {
      ...text,
      default: 'tritonserver',
      describe: 'Program that --service-kind local launches',
      group: 'Server:',
    })
    .option('results', {
      ...text,
      describe: "Write Model Analyzer's tables, search.json and config.pbtxt.diff into this folder",
      group: 'Search:',
    })
    .option('output-model-repository', {
      ...text,
      describe: 'Write every measured configuration as a model into this folder',
      group: 'Search:',
    })
    .option('override-output-model-repository', {
      type: 'boolean',
      default: false,
      describe: 'Delete that folder first',
      group: 'Search:',
    })
    .check(refuseRepeats([...repeatableMeasureFlags, ...repeatableGoalFlags, 'vary']))
    .example('$0 search -m mlp --constraint perf_latency_p99:max=5', 'Search on the embedded server')
    .example(
      '$0 search --replay grid.csv --constraint perf_latency_p99:max=10',
      'Search measurements that were recorded',
    );
}

type ParsedFlags = Awaited<ReturnType<typeof searchFlags>['argv']>;

/** Searches for the best configuration, and loads only now what does. Resolves with the exit code. */
export async function searchCommand(argv: ParsedFlags, context: CommandContext): Promise<number> {
  const wish = wishOf(argv);
  if (argv.replay === undefined) {
    const asked = argv.together ? together(searchOptions(argv), wish) : { options: searchOptions(argv), wish };
    const { searchModels } = await import('./search/search-models.js');
    const { withUi } = await import('./ui/with-ui.js');
    return withUi(uiPort(argv), context, (watched) => searchModels(asked.options, asked.wish, watched));
  }
  const { runReplay } = await import('./search/run-replay.js');
  return runReplay(
    {
      file: argv.replay,
      modelName: argv.m,
      goal: wish.goal,
      strategy: wish.strategy,
      seed: parseInteger('--seed', argv.seed ?? '0', 0),
      maxMeasurements: wish.maxMeasurements,
      json: argv.json,
      isVerbose: argv.v > 0,
    },
    context,
  );
}

/**
 * What flags of `search` mean, for a command that makes them up from something else.
 *
 * @throws PerfError `usage`
 */
export function readSearchArguments(args: readonly string[]): { options: AnalyzeOptions; wish: SearchWish } {
  const parser = searchFlags(yargs([...args]).parserConfiguration(parserConfiguration));
  const argv = parser.strict().exitProcess(false).fail(false).parseSync();
  const [options, wish] = [searchOptions(argv), wishOf(argv)];
  return argv.together ? together(options, wish) : { options, wish };
}

/** A local server is launched in place of the embedded one; one that runs has a repository of its own. */
const searchOptions = (argv: ParsedFlags): AnalyzeOptions =>
  optionsFrom({
    ...argv,
    serviceKind: argv.serviceKind === 'local' ? 'embedded' : argv.serviceKind,
    modelRepository: argv.u.length > 0 ? undefined : argv.modelRepository,
  });

/** @throws PerfError `usage` */
function wishOf(argv: ParsedFlags): SearchWish {
  refuseFixedLoads(argv);
  refuseReportsOfRuns(argv);
  refuseCertainty(argv);
  return {
    goal: parseGoal(argv),
    verify: parseVerify(argv),
    strategy: oneOf('--strategy', argv.strategy, strategyNames),
    maxMeasurements:
      argv.maxMeasurements === undefined ? undefined : parseInteger('--max-measurements', argv.maxMeasurements, 1),
    budgetMs: argv.budget === undefined ? undefined : parseBudget(argv.budget),
    variations: parseVariations(argv.vary),
    isTogether: argv.together,
    journal: argv.journal,
    hasLoad: argv.concurrencyRange !== undefined || argv.requestRateRange !== undefined,
    ...(argv.results === undefined ? {} : { results: argv.results }),
    ...(argv.u.length === 0 || argv.modelRepository === undefined ? {} : { originals: argv.modelRepository }),
    ...(argv.outputModelRepository === undefined
      ? {}
      : {
          variantRepository: { folder: argv.outputModelRepository, overrides: argv.overrideOutputModelRepository },
        }),
    ...(argv.serviceKind === 'local' ? { launch: { program: argv.tritonServerPath, flags: [], environment: {} } } : {}),
    write: argv.dryRun ? 'show' : argv.writeConfig ? 'write' : 'nothing',
  };
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3 };

function parseBudget(given: string): number {
  const [, value = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(given) ?? [];
  const budgetMs = Number(value) * (unitsMs[unit] ?? 0);
  if (!(budgetMs > 0)) throw badFlag('--budget', 'a time such as 90s, 10m or 1h', given);
  return Math.min(2 ** 31 - 1, Math.round(budgetMs));
}

/** A search varies the load by itself. */
function refuseFixedLoads(argv: ParsedFlags): void {
  const fixed = {
    '--request-intervals': argv.requestIntervals,
    '--periodic-concurrency-range': argv.periodicConcurrencyRange,
    '--fixed-schedule': argv.fixedSchedule || undefined,
    '--binary-search': argv.binarySearch || undefined,
    '--find-knee': argv.findKnee || undefined,
    '--find-max-rate': argv.findMaxRate,
    '--profile-export-file': argv.profileExportFile,
  };
  for (const [flag, value] of Object.entries(fixed)) {
    if (value === undefined) continue;
    throw new PerfError(
      'usage',
      `Cannot use ${flag} with search: expected --concurrency-range or --request-rate-range, got ${flag}`,
    );
  }
}

/** Levels of a search are short and compared by repeats: none is measured until it is sure by itself. */
function refuseCertainty({ precision, certify, scenario, detectCache, minTime, maxTime }: ParsedFlags): void {
  const foreign = {
    precision,
    certify,
    scenario,
    'detect-cache': detectCache || undefined,
    'min-time': minTime,
    'max-time': maxTime,
  };
  const [flag] = Object.entries(foreign).find(([, value]) => value !== undefined) ?? [];
  if (flag === undefined) return;
  throw new PerfError(
    'usage',
    `Cannot use --${flag} with search: expected -p for the length of windows, got --${flag}`,
  );
}

/** A search has a document and a CSV of its own. */
function refuseReportsOfRuns(argv: ParsedFlags): void {
  const { html, replay, markdown, junit, openmetrics, pushgateway, hgrm, exportTensors } = argv;
  const foreign = {
    ...(replay === undefined ? {} : { html }),
    markdown,
    junit,
    openmetrics,
    pushgateway,
    hgrm,
    'export-tensors': exportTensors,
  };
  const [flag] = Object.entries(foreign).find(([, value]) => value !== undefined) ?? [];
  if (flag === undefined) return;
  throw new PerfError('usage', `Cannot use --${flag} with search: expected -f, --json or --html, got --${flag}`);
}
