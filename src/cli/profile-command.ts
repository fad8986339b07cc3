import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Argv, Options } from 'yargs';
import { type WeightedSearch, weightedGainLine } from '../../reports/weighted-gain.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { configKeys } from './model-analyzer/config-keys.js';
import { type ModelSearch, planProfile } from './model-analyzer/plan-profile.js';
import { profileSettings } from './model-analyzer/profile-settings.js';
import { type FinishedSearch, runSearch } from './search/run-search.js';
import { openResults, writeResults } from './search/write-results.js';
import { readSearchArguments } from './search-command.js';

/** Ours, and passed on to each search. */
const searchFlagNames = ['budget', 'max-measurements', 'seed'] as const;

/** Model Analyzer's flags of `profile`: its keys with dashes. */
export function profileFlags(yargs: Argv) {
  return yargs
    .options(Object.fromEntries(Object.entries(configKeys).flatMap(optionOf)))
    .option('budget', { ...text, describe: 'No first look at a candidate after so long, such as 10m, for each model' })
    .option('max-measurements', { ...text, describe: 'The strategy measures at most so many times, for each model' })
    .option('seed', { ...text, describe: 'Seed of the search, input data and arrivals' })
    .option('v', { type: 'count', alias: 'verbose', describe: "Tell the server's log too" })
    .check(refuseRepeats([]))
    .example('$0 profile -f config.yml', 'Search as a configuration of Model Analyzer says')
    .example('$0 profile --model-repository models --profile-models mlp --latency-budget 20', 'The same with flags');
}

const text = { type: 'string', requiresArg: true } as const;

function optionOf([key, { form, short, only, unused }]: [string, (typeof configKeys)[string]]): [string, Options][] {
  if (only === 'file') return [];
  const form_ = form === 'switch' ? ({ type: 'boolean' } as const) : text;
  const describe =
    unused === undefined
      ? `As in Model Analyzer${form === 'integers' ? ': 1,2,4' : ''}`
      : `Taken, but not used: ${unused}`;
  return [[key.replaceAll('_', '-'), { ...form_, describe, ...(short === undefined ? {} : { alias: short }) }]];
}

type ParsedFlags = Readonly<Record<string, unknown>>;

/**
 * Searches every model of a configuration of Model Analyzer, one after the other. Resolves with the first exit code that is not 0.
 *
 * @throws PerfError for what is wrong in the file, before anything is measured
 */
export async function profileCommand(argv: ParsedFlags, context: CommandContext): Promise<number> {
  const given = Object.keys(configKeys)
    .filter((key) => key !== 'config_file')
    .map((key): [string, unknown] => [key, argv[key.replaceAll('_', '-')]])
    .filter(([, value]) => value !== undefined);
  const settings = profileSettings(argv['config-file'] as string | undefined, Object.fromEntries(given));
  const searches = planProfile(settings).map((search) => ({ search, ...understood(search, argv) }));
  for (const [reason, keys] of settings.unused) context.progress.say(`Not used: ${keys.join(', ')}, since ${reason}.`);
  const folder = join(String(settings.values['export_path'] ?? '.'), 'results');
  openResults('export_path', folder);
  const finished: (FinishedSearch & WeightedSearch)[] = [];
  for (const { options, wish, search } of searches) {
    if (wish.journal !== undefined) makeFolder(dirname(wish.journal));
    finished.push({ ...(await runSearch(options, wish, context)), weight: search.weight });
    writeResults(
      'export_path',
      folder,
      finished.map(({ result }) => result),
    );
    if (context.interrupt.signal.aborted) break;
  }
  context.print(weightedGainLine(finished));
  return finished.find(({ exitCode }) => exitCode !== exitCodes.done)?.exitCode ?? exitCodes.done;
}

function understood({ args, ...search }: ModelSearch, argv: ParsedFlags) {
  const own = searchFlagNames.flatMap((name) => (argv[name] === undefined ? [] : [`--${name}`, String(argv[name])]));
  const { options, wish } = readSearchArguments([...args, ...own, ...(Number(argv['v']) > 0 ? ['-v'] : [])]);
  const { loads, usual, combinations, launch } = search;
  return {
    options,
    wish: {
      ...wish,
      loads,
      launch: { ...wish.launch, ...launch },
      ...(usual === undefined ? {} : { usual }),
      ...(combinations === undefined ? {} : { combinations }),
    },
  };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new PerfError('file', `Cannot use checkpoint_directory ${folder}: ${messageOf(cause)}`, { cause });
  }
}
