import type { LoadSettings } from '../../core/load.js';
import { isOpenLoop } from '../../core/load-name.js';
import { PerfError } from '../../core/perf-error.js';
import type { RunSettings } from '../../core/run-settings.js';
import { checkMetricsUrls } from './metrics-flags.js';

/** Whether a server is spoken to over TLS. */
export const hasTls = (url: string): boolean => /^(https|grpcs):/.test(url);

/**
 * Whether what was asked for can be done with several models, or servers.
 *
 * @param urls as `-u` names them
 * @throws PerfError `usage`
 */
export function checkTargets(settings: RunSettings, urls: readonly string[]): void {
  const count = Math.max(settings.models?.length ?? 1, urls.length);
  const [flag] = forOneTarget(settings);
  if (count > 1 && flag !== undefined) throw oneOnly(flag, 'one model on one server', count);
  if (settings.models !== undefined) checkModels(settings, settings.models.length);
  if (urls.length > 1) checkServers(settings, urls);
  if (settings.metrics !== undefined) checkMetricsUrls(settings.metrics, urls);
}

/** What was asked for that takes one model on one server. */
function forOneTarget({ blsComposingModels, measurement }: RunSettings): string[] {
  const { scenario, detectsCache } = measurement;
  return [
    ...(blsComposingModels === undefined ? [] : ['--bls-composing-models']),
    ...(scenario === undefined ? [] : [`--scenario ${scenario.name}`]),
    ...(detectsCache ? ['--detect-cache'] : []),
  ];
}

/**
 * Whether sequences can be shared: each is of one model on one server, and of an open loop all servers have as many.
 *
 * @throws PerfError `usage`
 */
export function checkSequenceTargets(
  { load, sequences, maxThreads }: RunSettings,
  { models, servers }: { readonly models: number; readonly servers: number },
): void {
  if (models > 1) {
    throw new PerfError('usage', `Cannot use sequences: expected one model, got ${models}`, {
      hint: 'Sequences are as long as they are, so weights cannot be met. Measure each model in a run of its own.',
    });
  }
  if (servers === 1 || !isOpenLoop(load)) return;
  const concurrent = sequences?.concurrent ?? 0;
  const threads = Math.min(maxThreads, concurrent);
  if (concurrent % servers === 0 && concurrent % threads === 0) return;
  const inThreads = threads > 1 ? ` in ${threads} threads` : '';
  const enough = servers * threads * Math.ceil(concurrent / (servers * threads));
  throw new PerfError(
    'usage',
    `Cannot use --num-of-sequences ${concurrent} with ${servers} servers${inThreads}: expected as many for each, such as ${enough}, got ${concurrent}`,
  );
}

function checkModels({ load }: RunSettings, count: number): void {
  if (load.kind === 'fixed-schedule') throw oneOnly('--fixed-schedule', 'one model, whose steps have times', count);
}

function checkServers({ load }: RunSettings, urls: readonly string[]): void {
  const count = urls.length;
  const twice = urls.find((url, index) => urls.indexOf(url) < index);
  if (twice !== undefined) {
    throw new PerfError('usage', `Cannot use -u: expected different servers, got '${twice}' twice`);
  }
  if (urls.some(hasTls) && !urls.every(hasTls)) {
    throw new PerfError('usage', `Cannot use -u: expected all servers with TLS, or none, got ${urls.join(', ')}`);
  }
  const [flag, least] = leastInFlight(load);
  if (least >= count) return;
  throw new PerfError(
    'usage',
    `Cannot use ${flag} ${least} with ${count} servers: expected at least ${count}, one request in flight for each, got ${least}`,
  );
}

/** How many requests are in flight at the start; an open loop needs none for each server. */
function leastInFlight(load: LoadSettings): readonly [flag: string, count: number] {
  if (load.kind === 'concurrency') return ['--concurrency-range', load.range.start];
  if (load.kind === 'periodic-concurrency') return ['--periodic-concurrency-range', load.start];
  return ['', Number.POSITIVE_INFINITY];
}

const oneOnly = (flag: string, expected: string, got: number): PerfError =>
  new PerfError('usage', `Cannot use ${flag}: expected ${expected}, got ${got}`, {
    hint: 'Measure each model on each server in a run of its own.',
  });
