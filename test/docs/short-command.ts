import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * `perf-analyze` as `npm run docs:check` runs it: what a document says, with windows that are short, the server of the check
 * in the place of the one that the document names, and a small model in that of a large one.
 */
const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Flags with their values, in the place of those that are given or behind them. */
const shortened: Readonly<Record<string, readonly (readonly [flag: string, value: string])[]>> = {
  measure: [
    ['--min-time', '300ms'],
    ['--max-time', '900ms'],
  ],
  certified: [['--max-time', '900ms']],
  // A rate at which short levels have enough requests, and the shortest time for the limit of README.
  maxRate: [
    ['--max-time', '4s'],
    ['--request-rate-range', '300'],
  ],
  windows: [['-p', '200']],
  search: [
    ['-p', '400'],
    ['--max-measurements', '3'],
  ],
  profile: [['--max-measurements', '3']],
};

/** Servers, and a model that is quick to build. */
const replaced: Readonly<Record<string, string | undefined>> = {
  'localhost:8000': process.env['DOCS_HTTP'],
  'localhost:8001': process.env['DOCS_GRPC'],
  resnet50: 'mlp',
};

const windowFlags = /^(-p|-r|-s|--measurement-\w+|--request-count|--fixed-schedule)$/;

function kindOf([command = '', ...rest]: readonly string[]): string | undefined {
  if (command === '--help' || rest.includes('--help') || rest.includes('--replay')) return undefined;
  if (command === 'search' || command === 'profile') return command;
  if (!command.startsWith('-')) return undefined; // a command that has no such flags
  if (rest.includes('--find-max-rate')) return 'maxRate';
  if (rest.includes('--certify')) return 'certified';
  return [command, ...rest].some((word) => windowFlags.test(word)) ? 'windows' : 'measure';
}

function shorten(given: readonly string[]): string[] {
  const args = given.map((word) => replaced[word] ?? word);
  for (const [flag, value] of shortened[kindOf(given) ?? ''] ?? []) {
    const place = args.indexOf(flag);
    if (place < 0 && flag === '-p' && given.includes('--request-count')) continue;
    if (place < 0) args.push(flag, value);
    else args[place + 1] = value;
  }
  return args;
}

const { status } = spawnSync(process.execPath, [main, ...shorten(process.argv.slice(2))], { stdio: 'inherit' });
process.exitCode = status ?? 1;
