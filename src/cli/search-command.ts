import type { Argv } from 'yargs';
import { strategyNames } from '../../searcher/strategies/strategies.js';
import { PerfError } from '../core/perf-error.js';
import type { CommandContext } from './command-context.js';
import { goalFlags, parseGoal, repeatableGoalFlags } from './flags/goal-flags.js';
import { oneOf, parseInteger } from './flags/parse.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { runReplay } from './search/run-replay.js';

const text = { type: 'string', requiresArg: true } as const;

/** Flags of `search`, by task. */
export function searchFlags(yargs: Argv) {
  return yargs
    .option('m', {
      ...text,
      alias: 'model-name',
      describe: 'Model whose rows of the grid are searched',
      group: 'Search:',
    })
    .option('replay', {
      ...text,
      describe: 'Search recorded measurements instead of a server: a CSV file',
      group: 'Search:',
    })
    .options(goalFlags)
    .option('strategy', {
      ...text,
      default: 'guided',
      describe: strategyNames.join(', '),
      group: 'Search:',
    })
    .option('max-measurements', {
      ...text,
      defaultDescription: '25 for guided, 40 for bayes, no limit otherwise',
      describe: 'Measure at most so many times',
      group: 'Search:',
    })
    .option('seed', { ...text, default: '0', describe: 'Seed of the strategy and of draws', group: 'Search:' })
    .option('json', { ...text, describe: 'Write the result as JSON', group: 'Reports:' })
    .option('v', {
      type: 'boolean',
      alias: 'verbose',
      default: false,
      describe: 'Tell every measurement',
      group: 'Reports:',
    })
    .check(refuseRepeats(repeatableGoalFlags))
    .example(
      '$0 search --replay grid.csv --constraint perf_latency_p99:max=10',
      'Search measurements that were recorded',
    );
}

type ParsedFlags = Awaited<ReturnType<typeof searchFlags>['argv']>;

/** Searches for the best configuration. Resolves with the exit code. */
export async function searchCommand(argv: ParsedFlags, context: CommandContext): Promise<number> {
  if (argv.replay === undefined) {
    throw new PerfError('usage', 'Cannot search: expected recorded measurements with --replay, got none');
  }
  return runReplay(
    {
      file: argv.replay,
      modelName: argv.m,
      goal: parseGoal(argv),
      strategy: oneOf('--strategy', argv.strategy, strategyNames),
      seed: parseInteger('--seed', argv.seed, 0),
      maxMeasurements:
        argv.maxMeasurements === undefined ? undefined : parseInteger('--max-measurements', argv.maxMeasurements, 1),
      json: argv.json,
      isVerbose: argv.v,
    },
    context,
  );
}
