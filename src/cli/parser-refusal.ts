/** What yargs says, and how we say it; the first that fits. */
const refusals: readonly (readonly [pattern: RegExp, text: (...groups: readonly string[]) => string])[] = [
  [
    /^Unknown arguments?: (.*)$/,
    (names = '') => `expected flags and commands that --help lists, got ${unknown(names)}`,
  ],
  [/^Not enough arguments following: (.*)$/, (name = '') => `expected a value behind ${flag(name)}, got none`],
  [
    /^Missing required arguments?: (.*)$/,
    (names = '') => `expected ${names.split(', ').map(flag).join(', ')}, got none`,
  ],
  [
    /^Not enough non-option arguments: got (\d+), need at least (\d+)$/,
    (got, least) => `expected at least ${least} behind the command, got ${got}`,
  ],
  [
    /^Invalid values: Argument: (\S+), Given: "(.*)", Choices: (.*)$/,
    (name = '', got, choices = '') => `expected ${flag(name)} with one of ${choices.replaceAll('"', '')}, got '${got}'`,
  ],
];

/** A refusal of the parser, which speaks in several lines, in one line of our form. */
export function parserRefusal(message: string): string {
  const line = message.trim().replace(/:?\s*\n\s*/g, ': ');
  for (const [pattern, text] of refusals) {
    const [whole, ...groups] = pattern.exec(line) ?? [];
    if (whole !== undefined) return text(...groups);
  }
  return line;
}

const flag = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

/** An unknown flag is named a second time in camel case. */
function unknown(list: string): string {
  const names = list.split(', ');
  const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const repeated = new Set(names.filter((name) => name.includes('-')).map(camelCase));
  return names.filter((name) => !repeated.has(name)).join(', ');
}
