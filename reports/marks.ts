import { type Interval, relativeHalfWidth } from '../src/core/certainty.js';
import { isSwept, loadName } from '../src/core/load-name.js';
import { probeText } from '../src/core/max-rate.js';
import type { Finding, Level, Stability, Window } from '../src/core/run.js';
import type { RunSettings } from '../src/core/run-settings.js';
import { describeScenario } from './scenario.js';

/** Short marks of a level for a table cell. */
export function levelMarks(level: Level): string[] {
  return [
    ...(level.stability.stable || saidByVerdict(level.stability) ? [] : [unstableMark(level.stability)]),
    ...(isUnsteady(level) ? ['not steady'] : []),
    ...(level.probe === undefined ? [] : [probeText(level.probe)]),
    ...(level.isOverLimit ? ['over limit'] : []),
    ...new Set(level.verdict.findings.map(({ code }) => findingMarks[code])),
  ];
}

const findingMarks: Readonly<Record<Finding['code'], string>> = {
  'no-samples': 'no valid requests',
  'error-rate': 'too many failures',
  'server-lost': 'server lost',
  'rate-shortfall': 'rate not reached',
  'client-busy': 'client busy',
  'send-lag': 'sent late',
  'in-flight': 'too few in flight',
  'server-counts': 'counts differ',
};

function unstableMark({ reason }: Extract<Stability, { stable: false }>): string {
  if (reason === 'interrupted') return 'interrupted';
  if (reason === 'server-lost') return 'server lost';
  if (reason === 'no-answer') return 'no answer';
  if (reason === 'not-precise') return 'not precise';
  if (reason === 'undecided') return 'undecided';
  if (reason === 'not-steady') return 'not steady';
  return 'not stable';
}

/** Said once, where it is not why the level counts as unstable, nor the answer that a probe was to give. */
const isUnsteady = ({ certainty, stability, probe }: Level): boolean =>
  probe === undefined &&
  certainty?.steadiness.verdict === 'not-steady' &&
  (stability.stable || stability.reason === 'not-precise' || stability.reason === 'undecided');

/** Without a valid answer there is a finding for the same. */
const saidByVerdict = ({ reason }: Extract<Stability, { stable: false }>): boolean => reason === 'no-valid-requests';

/** What a reader must know about a level before using its numbers, one sentence each. */
export function describeLevel(level: Level, settings: RunSettings): string[] {
  const name = loadName(level.load);
  const sentences: string[] = [];
  if (!level.stability.stable && !saidByVerdict(level.stability)) {
    sentences.push(`${name}: ${describeInstability(level, level.stability, settings)}`);
  }
  if (isUnsteady(level)) sentences.push(`${name}: ${describeUnsteady(level)}`);
  if (level.certification?.verdict === 'fail') {
    const { requests, over } = level.certification;
    sentences.push(`${name}: certification failed, ${over} of ${requests} requests were over the limit.`);
  }
  sentences.push(...describeScenario(level, settings.measurement));
  if (level.isOverLimit) {
    sentences.push(
      `${name}: latency reached the limit of ${settings.latencyLimitMs} ms${isLinear(settings) ? '; higher levels were not measured' : ''}.`,
    );
  }
  for (const { severity, about, reason, remedy } of level.verdict.findings) {
    const subject = about === undefined ? name : `${name}, ${about.kind} ${about.name}`;
    sentences.push(`${subject}: ${severity}. ${reason} ${remedy}`);
  }
  return [...sentences, ...describeFailures(level, name)];
}

/** Of several models or servers, each has its own. */
function describeFailures({ failures, models = [], servers = [] }: Level, name: string): string[] {
  const parts = [
    ...servers.map((server) => ({ subject: `${name}, server ${server.name}`, failures: server.failures })),
    ...models.map((model) => ({ subject: `${name}, model ${model.name}`, failures: model.failures })),
  ];
  return (parts.length === 0 ? [{ subject: name, failures }] : parts).flatMap(({ subject, failures: counted }) =>
    counted.map(
      ({ code, count, firstMessage }) =>
        `${subject}: ${count} failed in all windows (${code}): ${firstMessage.replace(/\s+/g, ' ')}`,
    ),
  );
}

const isLinear = ({ load }: RunSettings): boolean => isSwept(load) && load.search === 'linear';

function describeInstability(
  level: Level,
  { reason }: Extract<Stability, { stable: false }>,
  settings: RunSettings,
): string {
  const { measurement } = settings;
  switch (reason) {
    case 'throughput':
      return `not stable: ${spreadText(level, 'throughput', measurement.percentile)}; more than ${measurement.stabilityPercent} % after ${level.windows.length} windows.`;
    case 'latency':
      return `not stable: ${spreadText(level, 'latency', measurement.percentile)}; more than ${measurement.stabilityPercent} % after ${level.windows.length} windows.`;
    case 'not-precise':
      return `not precise: ${precisionText(level, measurement.percentile)} after ${seconds(level)} s; see --max-time and --precision.`;
    case 'undecided':
      return `undecided after ${seconds(level)} s; see --max-time.`;
    case 'not-steady':
      return describeUnsteady(level);
    case 'too-few-windows':
      return `only ${level.windows.length} of the 3 windows that the stability check needs; see --max-trials.`;
    case 'no-valid-requests':
      return 'no request was answered validly.';
    case 'interrupted':
      return 'interrupted before it was stable.';
    case 'server-lost':
      return 'the server stopped answering.';
    case 'no-answer':
      return `given up, since no request was answered for ${(measurement.silenceLimitMs ?? 0) / 1000} s; a model that takes longer needs --request-timeout.`;
  }
}

function describeUnsteady({ certainty }: Level): string {
  const { about, reason, latencyDriftPercent, throughputDriftPercent } = certainty?.steadiness ?? {};
  if (about === undefined) return 'not steady at its last look.';
  if (reason === 'oscillation')
    return `not steady: ${about} went up and down slowly, so that its mean depends on when it is taken.`;
  const drift = about === 'latency' ? latencyDriftPercent : throughputDriftPercent;
  return `not steady: ${about} drifted by ${drift?.low.toFixed(0)} to ${drift?.high.toFixed(0)} % while it was measured.`;
}

function precisionText({ certainty }: Level, percentile: number | undefined): string {
  const found = percentile === undefined ? undefined : certainty?.percentiles[String(percentile)];
  if (found?.isSupported === false) return `p${percentile} needs ${found.needsRequests} requests`;
  const latency = found === undefined ? certainty?.meanMs : found.intervalMs;
  const name = percentile === undefined ? 'mean latency' : `p${percentile} latency`;
  return `throughput is known to within ${within(certainty?.throughput)}, ${name} to within ${within(latency)}`;
}

const within = (interval: Interval | undefined): string =>
  interval === undefined ? 'nothing' : `${(100 * relativeHalfWidth(interval)).toFixed(1)} %`;

const seconds = ({ windows }: Level): string =>
  (windows.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000).toFixed(1);

function spreadText(level: Level, what: 'throughput' | 'latency', percentile: number | undefined): string {
  const recent = level.windows.slice(-level.summarisedWindows);
  const latencyOf = ({ latency }: Window): number =>
    (percentile === undefined ? latency?.meanMs : latency?.percentilesMs[percentile]) ?? 0;
  const values = recent.map((window) => (what === 'throughput' ? window.throughput : latencyOf(window)));
  const digits = what === 'throughput' ? 2 : 3;
  const unit = what === 'throughput' ? 'infer/s' : `ms (${percentile === undefined ? 'mean' : `p${percentile}`})`;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const spread = least > 0 ? `${((most / least - 1) * 100).toFixed(1)} % apart` : 'infinitely far apart';
  return `the last windows had ${values.map((value) => value.toFixed(digits)).join(', ')} ${unit}, ${spread}`;
}
