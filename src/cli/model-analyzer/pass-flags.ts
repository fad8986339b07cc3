import { PerfError } from '../../core/perf-error.js';
import { measureFlags } from '../analyze-command.js';
import type { ServerLaunch } from '../embedded-server.js';
import { declaredFlags } from '../flags/declared-flags.js';
import { nearestName } from './nearest-name.js';
import type { ModelEntry, ProfileSettings } from './profile-settings.js';
import { isMapping } from './read-settings.js';

/** Flags of perf_analyzer that have a key of their own in the file. */
const keysInstead: Readonly<Record<string, string>> = {
  'model-name': 'profile_models',
  'batch-size': 'batch_sizes',
  'concurrency-range': 'concurrency',
  'request-rate-range': 'request_rate',
  'model-repository': 'model_repository',
  'service-kind': 'triton_launch_mode',
  url: 'triton_grpc_endpoint or triton_http_endpoint',
};

/**
 * `perf_analyzer_flags` as flags of ours, which have the same names.
 *
 * @throws PerfError `usage` for a flag that this tool does not have, or that has a key of its own
 */
export function perfAnalyzerArguments(given: unknown, { file }: Pick<ProfileSettings, 'file'>): string[] {
  if (given === undefined) return [];
  const known = declaredFlags(measureFlags)
    .flatMap(({ names }) => names)
    .filter((name) => name.length > 1 && /^[a-z]/.test(name));
  return entriesOf(given, 'perf_analyzer_flags', file).flatMap(([name, value]) => {
    const instead = keysInstead[name];
    if (instead !== undefined) throw refuse(file, `the key ${instead} instead of perf_analyzer_flags.${name}`, value);
    if (!known.includes(name)) {
      const near = nearestName(name, known);
      throw new PerfError(
        'usage',
        `Cannot read ${file}: expected a flag of perf_analyzer, got perf_analyzer_flags.${name}`,
        near === undefined ? {} : { hint: `Did you mean ${near}?` },
      );
    }
    return flagsOf(name, value, `perf_analyzer_flags.${name}`, file);
  });
}

/** `triton_server_flags` and `triton_server_environment`, those of the model in place of those at the top. */
export function serverArguments({ values, file }: ProfileSettings, model: ModelEntry): ServerLaunch {
  const pick = (key: string): unknown => model.values[key] ?? values[key] ?? {};
  const flags = entriesOf(pick('triton_server_flags'), 'triton_server_flags', file);
  const environment = entriesOf(pick('triton_server_environment'), 'triton_server_environment', file);
  const [key] =
    flags.length > 0 ? ['triton_server_flags'] : environment.length > 0 ? ['triton_server_environment'] : [];
  if (key !== undefined && values['triton_launch_mode'] === 'remote') {
    throw new PerfError('usage', `Cannot use ${key}: expected triton_launch_mode local, got remote`, {
      hint: 'A server that runs already has flags of its own.',
    });
  }
  return {
    flags: flags.flatMap(([name, value]) => flagsOf(name, value, `triton_server_flags.${name}`, file)),
    environment: Object.fromEntries(environment.map(([name, value]) => [name, String(value)])),
  };
}

function entriesOf(given: unknown, key: string, file: string): [name: string, value: unknown][] {
  if (!isMapping(given)) throw refuse(file, `a mapping at ${key}`, given);
  return Object.entries(given);
}

/** Several values are the same flag several times; `true` is the flag alone. */
function flagsOf(name: string, value: unknown, place: string, file: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => flagsOf(name, each, place, file));
  if (value === true) return [`--${name}`];
  if (value === false) return [];
  if (typeof value === 'string' || typeof value === 'number') return [`--${name}=${value}`];
  throw refuse(file, `a value or a list of them at ${place}`, value);
}

const refuse = (file: string, expected: string, got: unknown): PerfError =>
  new PerfError('usage', `Cannot read ${file}: expected ${expected}, got ${JSON.stringify(got)}`);
