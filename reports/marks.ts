import { errorRate, largestErrorRate } from '../src/core/error-rate.js';
import { loadName } from '../src/core/load-name.js';
import type { Level, RunSettings, Stability, Window } from '../src/core/run.js';

/** Short marks of a level for a table cell. */
export function levelMarks(level: Level): string[] {
  return [
    ...(level.stability.stable ? [] : [unstableMark(level.stability)]),
    ...(level.isOverLimit ? ['over limit'] : []),
    ...(errorRate(level.summary) > largestErrorRate ? ['too many failures'] : []),
  ];
}

function unstableMark({ reason }: Extract<Stability, { stable: false }>): string {
  if (reason === 'interrupted') return 'interrupted';
  if (reason === 'server-lost') return 'server lost';
  if (reason === 'no-valid-requests') return 'no valid requests';
  return 'not stable';
}

/** What a reader must know about a level before using its numbers, one sentence each. */
export function describeLevel(level: Level, settings: RunSettings): string[] {
  const name = loadName(level.load);
  const sentences: string[] = [];
  if (!level.stability.stable) sentences.push(`${name}: ${describeInstability(level, level.stability, settings)}`);
  if (level.isOverLimit) {
    sentences.push(
      `${name}: latency reached the limit of ${settings.latencyLimitMs} ms; higher levels were not measured.`,
    );
  }
  if (level.requests.dropped > 0) {
    const { dropped, intended } = level.requests;
    sentences.push(
      `${name}: ${dropped} of ${intended} requests were due and never sent: too many were outstanding, or the client was late.`,
    );
  }
  if (errorRate(level.summary) > largestErrorRate) {
    const percent = (100 * errorRate(level.summary)).toFixed(1);
    sentences.push(`${name}: ${percent} % of the requests failed; latency and throughput are those of the others.`);
  }
  for (const { code, count, firstMessage } of level.failures) {
    sentences.push(`${name}: ${count} failed in all windows (${code}): ${firstMessage.replace(/\s+/g, ' ')}`);
  }
  return sentences;
}

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
    case 'too-few-windows':
      return `only ${level.windows.length} of the 3 windows that the stability check needs; see --max-trials.`;
    case 'no-valid-requests':
      return 'no request was answered validly.';
    case 'interrupted':
      return 'interrupted before it was stable.';
    case 'server-lost':
      return 'the server stopped answering.';
  }
}

function spreadText(level: Level, what: 'throughput' | 'latency', percentile: number | undefined): string {
  const recent = level.windows.slice(-level.summarisedWindows);
  const latencyOf = ({ latency }: Window): number =>
    (percentile === undefined ? latency?.meanMs : latency?.percentilesMs[percentile]) ?? 0;
  const values = recent.map((window) => (what === 'throughput' ? window.throughput : latencyOf(window)));
  const digits = what === 'throughput' ? 2 : 3;
  const unit = what === 'throughput' ? 'infer/s' : `ms (${percentile === undefined ? 'mean' : `p${percentile}`})`;
  const spread =
    Math.min(...values) > 0 ? (Math.max(...values) / Math.min(...values) - 1) * 100 : Number.POSITIVE_INFINITY;
  return `the last windows had ${values.map((value) => value.toFixed(digits)).join(', ')} ${unit}, ${spread.toFixed(1)} % apart`;
}
