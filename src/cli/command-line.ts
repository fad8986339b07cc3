import yargs, { type Argv } from 'yargs';
import { tool } from '../core/package-manifest.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import { analyzeCommand, analyzeFlags } from './analyze-command.js';
import type { CommandContext } from './command-context.js';
import { compareCommand, compareFlags } from './compare-command.js';
import { doctorCommand } from './doctor-command.js';
import { exitCodes } from './exit-codes.js';
import { declaredFlags } from './flags/declared-flags.js';
import { foreignFlags } from './flags/foreign-flags.js';
import { gnuArguments } from './flags/gnu-arguments.js';
import { parserConfiguration } from './flags/parser-configuration.js';
import { listenForInterrupts } from './interrupt.js';
import { modelsCommand, modelsFlags } from './models-command.js';
import { createProgress } from './progress/create-progress.js';
import { reportCommand, reportCommandFlags } from './report-command.js';
import { searchCommand, searchFlags } from './search-command.js';
import { serveCommand } from './serve-command.js';
import { serveFlags } from './serve-options.js';

/**
 * Reads the command line and runs what it asks for. Resolves with the exit code.
 *
 * @throws PerfError for every expected stop
 */
export async function commandLine(args: readonly string[]): Promise<number> {
  let exitCode: number | undefined;
  let isUnderstood = false;
  const start = async (command: Promise<number>): Promise<void> => {
    isUnderstood = true;
    exitCode = await command;
  };
  const parser = yargs(writtenOut(args))
    .scriptName(tool.name)
    .usage('$0 -m MODEL [flags]\n$0 COMMAND [flags]')
    .command('$0', 'Measure how fast a model is served', analyzeFlags, (argv) =>
      start(analyzeCommand(argv, createContext())),
    )
    .command('models', 'List the sample models, or build them', modelsFlags, (argv) =>
      start(modelsCommand(argv, createContext())),
    )
    .command('report <runs..>', 'Make the reports of stored runs again', reportCommandFlags, (argv) =>
      start(reportCommand(argv, createContext())),
    )
    .command('search', 'Search for the best configuration within limits', searchFlags, (argv) =>
      start(searchCommand(argv, createContext())),
    )
    .command('compare <runs..>', 'Say whether new runs are worse than one before', compareFlags, (argv) =>
      start(compareCommand(argv, createContext())),
    )
    .command('serve', 'Serve models on the embedded v2 server', serveFlags, (argv) => start(serveCommand(argv)))
    .command('doctor', 'Measure how far this machine can be trusted as a load generator', {}, () =>
      start(doctorCommand(createContext())),
    )
    .parserConfiguration(parserConfiguration)
    .strict()
    .version(tool.version)
    .help()
    .alias('help', 'h')
    .wrap(Math.min(120, process.stdout.columns ?? 120))
    .epilogue(
      'Exit codes: 0 done, 1 bug, 2 unstable, 3 no valid request, 4 gate failed, 5 unreachable, 64 usage, 130 interrupted.',
    )
    .exitProcess(false)
    .fail(false);
  try {
    await parser.parseAsync();
  } catch (thrown) {
    throw isUnderstood || thrown instanceof PerfError ? thrown : usageError(messageOf(thrown));
  }
  return exitCode ?? exitCodes.done;
}

const commandFlags: ReadonlyMap<string, (yargs: Argv) => unknown> = new Map<string, (yargs: Argv) => unknown>([
  ['models', modelsFlags],
  ['report', reportCommandFlags],
  ['search', searchFlags],
  ['compare', compareFlags],
  ['serve', serveFlags],
  ['doctor', (yargs) => yargs],
]);

/** Names in full: each command knows its own flags. */
function writtenOut(args: readonly string[]): string[] {
  const [command = ''] = args;
  const declare = commandFlags.get(command);
  if (declare !== undefined) return gnuArguments(args, { declared: declaredFlags(declare), foreign: [] });
  return gnuArguments(args, { declared: declaredFlags(analyzeFlags), foreign: foreignFlags });
}

const usageError = (message: string): PerfError =>
  new PerfError('usage', `Cannot read the command line: ${oneLine(message)}`, {
    hint: `See ${tool.name} --help.`,
  });

/** yargs speaks in several lines, and names an unknown flag a second time in camel case. */
function oneLine(message: string): string {
  const known = /^Unknown arguments?: (.*)$/.exec(message);
  if (known === null) return message.trim().replace(/:?\s*\n\s*/g, ': ');
  const names = known[1]?.split(', ') ?? [];
  const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const repeated = new Set(names.filter((name) => name.includes('-')).map(camelCase));
  return `expected flags and commands that --help lists, got ${names.filter((name) => !repeated.has(name)).join(', ')}`;
}

function createContext(): CommandContext {
  const progress = createProgress(process.stderr);
  return {
    progress,
    interrupt: listenForInterrupts(progress.say),
    print: (text) => process.stdout.write(text),
  };
}
