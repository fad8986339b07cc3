import type { Candidate, Metrics } from '../../src/core/trial.js';
import type { Goal } from '../goal/goal.js';
import { metricOf } from '../goal/metrics.js';
import { outstanding } from '../simulator/service-model.js';

/**
 * A metric as a surrogate sees it: a number on a scale on which noise is even and that is as smooth as can be.
 * Percentages are taken as they are, everything else by its logarithm. A latency of a closed loop is compared with what the
 * throughput says that the mean must be (Little's law): what is left hardly changes, so that one measurement tells much of both.
 */
export interface Quantity {
  readonly tag: string;
  /** `undefined`: not measured. */
  toScale(candidate: Candidate, metrics: Metrics): number | undefined;
  /** @param known the metrics of the quantities before it */
  fromScale(candidate: Candidate, value: number, known: Metrics): number;
}

/** The quantities that the goal depends on; throughput comes first, since latencies are compared with it. */
export function quantitiesOf({ objectives, constraints }: Goal): Quantity[] {
  const tags = new Set([...objectives, ...constraints].map(({ metric }) => metric.tag));
  const needsThroughput = [...tags].some(isLatency);
  if (needsThroughput) tags.add('perf_throughput');
  const ordered = [...tags].sort((left, right) => Number(isLatency(left)) - Number(isLatency(right)));
  return ordered.map(quantityOf);
}

const isLatency = (tag: string): boolean => /^perf_(latency|response)_/.test(tag);

function quantityOf(tag: string): Quantity {
  if (isLatency(tag)) return latency(tag);
  return metricOf(tag)?.unit === '%' ? percentage(tag) : logarithm(tag);
}

const percentage = (tag: string): Quantity => ({
  tag,
  toScale: (_, metrics) => scaled(metrics[tag], (value) => value / 100),
  fromScale: (_, value) => 100 * value,
});

const smallest = 1e-9;
const logOf = (value: number): number => Math.log(Math.max(smallest, value));

const logarithm = (tag: string): Quantity => ({
  tag,
  toScale: (_, metrics) => scaled(metrics[tag], logOf),
  fromScale: (_, value) => Math.exp(value),
});

const latency = (tag: string): Quantity => ({
  tag,
  toScale: (candidate, metrics) =>
    scaled(metrics[tag], (value) => logOf(value) - logOf(meanLatencyMs(candidate, metrics) ?? 1)),
  fromScale: (candidate, value, known) => Math.exp(value) * (meanLatencyMs(candidate, known) ?? 1),
});

/** By Little's law, in a closed loop. */
function meanLatencyMs(candidate: Candidate, { perf_throughput: throughput }: Metrics): number | undefined {
  const inferences = outstanding(candidate);
  return inferences === undefined || throughput === undefined
    ? undefined
    : (1e3 * inferences) / Math.max(smallest, throughput);
}

const scaled = (value: number | undefined, scale: (value: number) => number): number | undefined =>
  value === undefined || Number.isNaN(value) ? undefined : scale(value);
