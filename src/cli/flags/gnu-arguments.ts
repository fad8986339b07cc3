import { PerfError } from '../../core/perf-error.js';
import type { DeclaredFlag } from './declared-flags.js';
import { type ForeignFlag, refuseForeign } from './foreign-flags.js';

/** What a command knows of flags. */
export interface KnownFlags {
  readonly declared: readonly DeclaredFlag[];
  readonly foreign: readonly ForeignFlag[];
}

/**
 * Arguments as `getopt_long` of GNU reads them, written out in full: a long flag may be shortened to any prefix that only
 * one flag has, `-vf x` stands for `-v -f x`, and `-p5000` for `-p 5000`. What is unknown stays as it is.
 *
 * @throws PerfError `usage` for a prefix of several flags, and for flags of perf_analyzer that this tool does not have
 */
export function gnuArguments(args: readonly string[], known: KnownFlags): string[] {
  const end = args.indexOf('--');
  const flags = end === -1 ? args : args.slice(0, end);
  const rest = end === -1 ? [] : args.slice(end);
  return [...flags.flatMap((argument) => written(argument, known)), ...rest];
}

function written(argument: string, known: KnownFlags): string[] {
  if (argument.startsWith('--')) return [longFlag(argument, known)];
  return /^-[a-z]/i.test(argument) ? shortFlags(argument, known) : [argument];
}

function longFlag(argument: string, known: KnownFlags): string {
  const [, name = '', value = ''] = /^--([^=]*)(=.*)?$/s.exec(argument) ?? [];
  const full = fullName(name, known);
  const isSwitch = known.declared.some(({ names, takesValue }) => !takesValue && names.includes(full));
  return `--${full}${isSwitch && value !== '' ? `=${yesOrNo(full, value.slice(1))}` : value}`;
}

/** What Triton takes for a switch; a parser that knows `true` only would take the rest for no. */
function yesOrNo(name: string, value: string): boolean {
  if (/^(?:true|on|1)$/i.test(value)) return true;
  if (/^(?:false|off|0)$/i.test(value)) return false;
  throw new PerfError('usage', `Cannot use --${name}: expected true or false, got '${value}'`);
}

function fullName(name: string, { declared, foreign }: KnownFlags): string {
  const isLong = (candidate: string): boolean => candidate.length > 1;
  if (isLong(name) && declared.some(({ names }) => names.includes(name))) return name;
  const foreigner = foreign.find((flag) => isLong(name) && flag.name === name);
  if (foreigner !== undefined) throw refuseForeign(`--${name}`, foreigner);

  const fits = (candidate: string): boolean => isLong(candidate) && candidate.startsWith(name);
  const matches = declared.flatMap(({ names }) => names.filter(fits).slice(0, 1));
  const foreignMatches = foreign.filter((flag) => fits(flag.name));
  const candidates = [...matches, ...foreignMatches.map((flag) => flag.name)];
  if (name === '' || candidates.length === 0) return name;
  if (candidates.length > 1) {
    const list = candidates.map((candidate) => `--${candidate}`).sort();
    throw new PerfError('usage', `Cannot use --${name}: expected one of ${list.join(', ')}, got a prefix of them all`);
  }
  const [only] = foreignMatches;
  if (only !== undefined) throw refuseForeign(`--${only.name}`, only);
  return candidates[0] ?? name;
}

function shortFlags(argument: string, { declared, foreign }: KnownFlags): string[] {
  const parts: string[] = [];
  for (let at = 1; at < argument.length; at++) {
    const letter = argument.charAt(at);
    const foreigner = foreign.find(({ name }) => name === letter);
    if (foreigner !== undefined) throw refuseForeign(`-${letter}`, foreigner);
    const flag = declared.find(({ names }) => names.includes(letter));
    if (flag === undefined) return [argument];
    const value = argument.slice(at + 1);
    if (flag.takesValue && value !== '') return [...parts, `-${letter}=${value.replace(/^=/, '')}`];
    parts.push(`-${letter}`);
  }
  return parts;
}
