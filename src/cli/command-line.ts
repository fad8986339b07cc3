import yargs, { type Argv } from 'yargs';
import { tool } from '../core/package-manifest.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { CreateContext } from './command-context.js';
import { commandNamed, commands } from './commands.js';
import { exitCodes } from './exit-codes.js';
import { declaredFlags } from './flags/declared-flags.js';
import { foreignFlags } from './flags/foreign-flags.js';
import { gnuArguments } from './flags/gnu-arguments.js';
import { parserConfiguration } from './flags/parser-configuration.js';
import { withManual } from './format-manual.js';
import { parserRefusal } from './parser-refusal.js';

/**
 * Reads the command line and runs what it asks for. Resolves with the exit code.
 *
 * @param createContext called once, when a command runs that looks at the outside world
 * @throws PerfError for every expected stop
 */
export async function commandLine(args: readonly string[], createContext: CreateContext): Promise<number> {
  let exitCode: number | undefined;
  let isUnderstood = false;
  const start = async (command: Promise<number>): Promise<void> => {
    isUnderstood = true;
    exitCode = await command;
  };
  const named = commandNamed(args[0]);
  const { flags } = await named.load();
  const isDefault = named === commands[0];
  const parser = commands
    .reduce(
      (yargs, command) =>
        yargs.command(
          command.usage,
          command.describe,
          async (declared: Argv) => withManual((await command.load()).flags(declared), command.manual),
          async (argv) => start((await command.load()).run(argv, createContext)),
        ),
      yargs(gnuArguments(args, { declared: declaredFlags(flags), foreign: isDefault ? foreignFlags : [] })),
    )
    .scriptName(tool.name)
    .parserConfiguration(parserConfiguration)
    .strict()
    .version(tool.version)
    .help()
    .alias('help', 'h')
    .wrap(Math.min(120, process.stdout.columns ?? 120))
    .exitProcess(false)
    .fail(false);
  try {
    await parser.parseAsync();
  } catch (thrown) {
    throw isUnderstood || thrown instanceof PerfError ? thrown : usageError(messageOf(thrown));
  }
  return exitCode ?? exitCodes.done;
}

const usageError = (message: string): PerfError =>
  new PerfError('usage', `Cannot read the command line: ${parserRefusal(message)}`, {
    hint: `See ${tool.name} --help.`,
  });
