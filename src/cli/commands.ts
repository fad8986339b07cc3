import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { CreateContext } from './command-context.js';
import { progressMode } from './flags/progress-flags.js';
import { type Manual, manuals } from './manuals.js';

/** What a command says of itself before it is loaded. */
export interface Command {
  /** As yargs reads it: the name and positional arguments; `$0` is what runs without a name. */
  readonly usage: string;
  readonly describe: string;
  readonly manual: Manual;
  /** Loads the command's modules, once: a process that serves does not load what measures, nor the other way round. */
  readonly load: () => Promise<LoadedCommand>;
}

export interface LoadedCommand {
  flags(yargs: Argv): Argv;
  /** Resolves with the exit code. */
  run(argv: ArgumentsCamelCase, context: CreateContext): Promise<number>;
}

/** Binds flags to what runs with them; from here on nobody sees their types. */
const loaded = <T>(
  flags: (yargs: Argv) => Argv<T>,
  run: (argv: ArgumentsCamelCase<T>, context: CreateContext) => Promise<number>,
): LoadedCommand => ({ flags, run });

/** The commands in the order of `--help`. */
export const commands: readonly Command[] = [
  {
    usage: '$0',
    describe: 'Measure how fast a model is served',
    manual: manuals.analyze,
    load: async () => {
      const { analyzeCommand, analyzeFlags } = await import('./analyze-command.js');
      return loaded(analyzeFlags, async (argv, context) => analyzeCommand(argv, await context(progressMode(argv))));
    },
  },
  {
    usage: 'models',
    describe: 'List the sample models, or build them',
    manual: manuals.models,
    load: async () => {
      const { modelsCommand, modelsFlags } = await import('./models-command.js');
      return loaded(modelsFlags, async (argv, context) => modelsCommand(argv, await context()));
    },
  },
  {
    usage: 'report <runs..>',
    describe: 'Make the reports of stored runs, of a search or of variants again',
    manual: manuals.report,
    load: async () => {
      const { reportCommand, reportCommandFlags } = await import('./report-command.js');
      return loaded(reportCommandFlags, async (argv, context) => reportCommand(argv, await context()));
    },
  },
  {
    usage: 'search',
    describe: 'Search for the best configuration within limits',
    manual: manuals.search,
    load: async () => {
      const { searchCommand, searchFlags } = await import('./search-command.js');
      return loaded(searchFlags, async (argv, context) => searchCommand(argv, await context(progressMode(argv))));
    },
  },
  {
    usage: 'profile',
    describe: "Search as Model Analyzer's flags and files say",
    manual: manuals.profile,
    load: async () => {
      const { profileCommand, profileFlags } = await import('./profile-command.js');
      return loaded(profileFlags, async (argv, context) => profileCommand(argv, await context()));
    },
  },
  {
    usage: 'plan <document>',
    describe: 'Say how many replicas a rate needs, from a run or a search',
    manual: manuals.plan,
    load: async () => {
      const { planCommand, planFlags } = await import('./plan-command.js');
      return loaded(planFlags, async (argv, context) => planCommand(argv, await context()));
    },
  },
  {
    usage: 'variants',
    describe: 'Make faster variants of a model, and say what they buy and cost',
    manual: manuals.variants,
    load: async () => {
      const { variantsCommand, variantsFlags } = await import('./variants-command.js');
      return loaded(variantsFlags, async (argv, context) => variantsCommand(argv, await context()));
    },
  },
  {
    usage: 'compare <runs..>',
    describe: 'Say whether new runs are worse than one before',
    manual: manuals.compare,
    load: async () => {
      const { compareCommand, compareFlags } = await import('./compare-command.js');
      return loaded(compareFlags, async (argv, context) => compareCommand(argv, await context()));
    },
  },
  {
    usage: 'inspect [file]',
    describe: 'Say what an ONNX model takes and computes, and whether it batches',
    manual: manuals.inspect,
    load: async () => {
      const { inspectCommand, inspectFlags } = await import('./inspect-command.js');
      return loaded(inspectFlags, async (argv, context) => inspectCommand(argv, await context()));
    },
  },
  {
    usage: 'history <action> [runs..]',
    describe: 'Keep runs, and say when a figure got worse',
    manual: manuals.history,
    load: async () => {
      const { historyCommand, historyFlags } = await import('./history-command.js');
      return loaded(historyFlags, async (argv, context) => historyCommand(argv, await context()));
    },
  },
  {
    usage: 'serve',
    describe: 'Serve models on the embedded v2 server',
    manual: manuals.serve,
    load: async () => {
      const [{ serveCommand }, { serveFlags }] = await Promise.all([
        import('./serve-command.js'),
        import('./serve-options.js'),
      ]);
      return loaded(serveFlags, (argv) => serveCommand(argv));
    },
  },
  {
    usage: 'doctor',
    describe: 'Measure how far this machine can be trusted as a load generator',
    manual: manuals.doctor,
    load: async () => {
      const { doctorCommand } = await import('./doctor-command.js');
      return loaded(
        (yargs) => yargs,
        async (_, context) => doctorCommand(await context()),
      );
    },
  },
  {
    usage: 'completion <shell>',
    describe: 'Print a script that completes commands and flags, for bash, zsh or fish',
    manual: manuals.completion,
    load: async () => {
      const { completionCommand, completionFlags } = await import('./completion-command.js');
      return loaded(completionFlags, async (argv, context) => completionCommand(argv, commands, await context()));
    },
  },
];

/** The command that the arguments name first, else the one without a name. */
export function commandNamed(name: string | undefined): Command {
  const found = commands.find(({ usage }) => usage.split(' ', 1)[0] === name && name !== '$0');
  return found ?? (commands[0] as Command);
}
