import type { Argv } from 'yargs';
import type { Manual } from './manuals.js';

/** Adds to what `--help` of a command shows: how it is called and what it does first, units and exit codes last. */
export const withManual = <T>(yargs: Argv<T>, manual: Manual): Argv<T> =>
  yargs.usage(manualHead(manual)).epilogue(manualTail(manual));

const manualHead = ({ synopsis, description }: Manual): string =>
  `${synopsis.map((call) => `$0 ${call}`).join('\n')}\n\n${description}`;

/** A tabulator makes two columns of it. */
function manualTail({ values, exits }: Manual): string {
  const list = (title: string, rows: readonly (readonly [string | number, string])[]): string[] =>
    rows.length === 0 ? [] : [`${title}:\n${rows.map(([left, right]) => `  ${left}\t  ${right}`).join('\n')}`];
  return [...list('Values', values), ...list('Exit codes', exits)].join('\n\n');
}
