/** What yargs must not do by itself: values stay the text that was typed, and `--no-x` is no flag. */
export const parserConfiguration = {
  'boolean-negation': false,
  'dot-notation': false,
  'duplicate-arguments-array': true,
  'greedy-arrays': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
} as const;
