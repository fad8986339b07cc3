import type { Argv, Options } from 'yargs';

/** A flag as its command declares it. */
export interface DeclaredFlag {
  /** Without dashes; names of one letter are short flags. */
  readonly names: readonly string[];
  readonly takesValue: boolean;
}

const everywhere: readonly DeclaredFlag[] = [
  { names: ['help', 'h'], takesValue: false },
  { names: ['version'], takesValue: false },
];

/** The flags of a command: what it says to a parser, written down instead of parsed. */
export function declaredFlags(declare: (yargs: Argv) => unknown): DeclaredFlag[] {
  const declared = [...everywhere];
  const add = (name: string, { alias = [], type }: Options): void => {
    declared.push({ names: [name, alias].flat(), takesValue: type !== 'boolean' && type !== 'count' });
  };
  const calls: Readonly<Record<string, (...args: never[]) => void>> = {
    option: (name: string, options: Options) => add(name, options),
    options: (options: Readonly<Record<string, Options>>) => {
      for (const [name, option] of Object.entries(options)) add(name, option);
    },
  };
  const recorder: Argv = new Proxy({} as Argv, {
    get:
      (_target, method) =>
      (...args: never[]) => {
        calls[String(method)]?.(...args);
        return recorder;
      },
  });
  declare(recorder);
  return declared;
}
