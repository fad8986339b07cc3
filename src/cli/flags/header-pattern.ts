import { messageOf, PerfError } from '../../core/perf-error.js';

/**
 * The pattern of `--http-header-forward-pattern` or `--grpc-header-forward-pattern`. Upper and lower case are the same unless
 * it begins with `(?-i)`; since names of headers are compared in lower case, such a pattern must be written in lower case.
 *
 * @throws PerfError `usage` for what is no regular expression
 */
export function headerPattern(flag: string, text: string | undefined): RegExp | undefined {
  if (text === undefined || text === '') return undefined;
  const isExact = text.startsWith('(?-i)');
  try {
    return new RegExp(text.replace(/^\(\?-?i\)/, ''), isExact ? '' : 'i');
  } catch (thrown) {
    throw new PerfError(
      'usage',
      `Cannot use ${flag}: expected a regular expression, got '${text}' (${messageOf(thrown)})`,
    );
  }
}
