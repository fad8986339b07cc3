import yargs from 'yargs';
import { analyzeFlags, optionsFrom } from '../../../src/cli/analyze-command.js';
import type { AnalyzeOptions } from '../../../src/cli/analyze-options.js';
import { declaredFlags } from '../../../src/cli/flags/declared-flags.js';
import { foreignFlags } from '../../../src/cli/flags/foreign-flags.js';
import { gnuArguments } from '../../../src/cli/flags/gnu-arguments.js';
import { parserConfiguration } from '../../../src/cli/flags/parser-configuration.js';

/** What the default command makes of its arguments, up to the first look at the outside world. */
export function readFlags(...args: readonly string[]): AnalyzeOptions {
  const written = gnuArguments(args, { declared: declaredFlags(analyzeFlags), foreign: foreignFlags });
  const parser = analyzeFlags(yargs(written).parserConfiguration(parserConfiguration))
    .strict()
    .exitProcess(false)
    .fail(false);
  return optionsFrom(parser.parseSync());
}
