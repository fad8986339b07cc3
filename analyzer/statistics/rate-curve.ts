import { logGamma } from './distributions.js';
import { logSum } from './log-sum.js';
import { independent, type RateProbe } from './rate-probe.js';

/** Probes whose logarithms of rates lie about so close together share an inflation. */
const sharing = 0.04;
/** So many times the allowed share over the limit: nothing like the probes that met it. */
const clearlyOver = 4;
/** As many requests over the limit are taken for granted, so that probes without any have an inflation too. */
const leastOver = 0.5;
const slopes: readonly number[] = Array.from({ length: 9 }, (_, index) => 300 ** (index / 8));
/** The slope is thought to be within such a factor of what a queue has, or of the usual one while its capacity is not known. */
const slopeFactor = 4;
const usualSlope = 15;
/** Of a capacity. */
const leastUtilisation = 0.3;
const mostUtilisation = 0.98;
/** By how much a server's capacity differs from probe to probe: standard deviations of the logarithm. */
const jitters: readonly number[] = [0.01, 0.03, 0.08];
/** So often a probe meets a machine that does something else, and follows no curve: any share over the limit is as likely then. */
const polluted = 0.05;
/** Nodes and weights of the Gauss-Hermite quadrature for a standard normal variable. */
const nodes: readonly { readonly node: number; readonly logWeight: number }[] = [
  { node: -Math.sqrt(3), logWeight: Math.log(1 / 6) },
  { node: 0, logWeight: Math.log(2 / 3) },
  { node: Math.sqrt(3), logWeight: Math.log(1 / 6) },
];

/**
 * Requests over a limit come in clusters. A probe that met few of them knows little of that, and would weigh more than one that met many: so probes
 * at about one rate share one inflation, to which each contributes as it has requests over the limit. The variance of a number of them is its mean
 * times the inflation, and weighted in this way it is that of simulated queues. Clusters grow with the rate, so that probes at others know nothing of it,
 * and neither do those that were far over the limit.
 */
export function alike(probes: readonly RateProbe[], percentile: number): readonly RateProbe[] {
  const isClear = ({ over, requests }: RateProbe): boolean => over > clearlyOver * (1 - percentile) * requests;
  return probes.map((probe) => {
    const nearness = ({ rate }: RateProbe): number => Math.exp(-((Math.log(rate / probe.rate) / sharing) ** 2) / 2);
    const weight = (other: RateProbe): number =>
      other !== probe && isClear(other) ? 0 : nearness(other) * (other.over + leastOver);
    const inflation =
      sumOf(probes, (other) => (weight(other) * other.requests) / other.effectiveRequests) / sumOf(probes, weight);
    return { ...probe, effectiveRequests: probe.requests / inflation };
  });
}

/**
 * In a queue the share over a limit is about e^(-c x (1 - utilisation)) (Kingman's exponential tail), so that where it is 1 - percentile its logarithm grows by
 * -ln(1 - percentile) x utilisation / (1 - utilisation) with the logarithm of the rate.
 */
export function queueSlope(rate: number, capacity: number, percentile: number): number {
  if (!Number.isFinite(capacity)) return usualSlope;
  const utilisation = Math.min(mostUtilisation, Math.max(leastUtilisation, rate / capacity));
  return (-Math.log(1 - percentile) * utilisation) / (1 - utilisation);
}

interface CurveOptions {
  readonly percentile: number;
  /** Of the slope. */
  readonly expected: number;
}

/**
 * The logarithm of how likely the numbers over the limit are, when the largest rate is at a point, times Jeffreys' prior of such a point: the root of what
 * the probes would tell of it. Without that prior every rate is as likely as its half, so that where few requests were over the limit the answer
 * is too high: n of them are then as likely from a mean of n - 1/3 as from a larger one, and from n + 1/6 with it.
 */
export function curveEvidence(
  probes: readonly RateProbe[],
  { percentile, expected }: CurveOptions,
): (at: number) => number {
  const target = Math.log((1 - percentile) / percentile);
  const seen = probes.map((probe) => {
    const counts = independent(probe);
    return { probed: Math.log(probe.rate), ...counts, byChance: logBeta(counts.over + 1, counts.within + 1) };
  });
  const prior = (slope: number): number => -((Math.log(slope / expected) / Math.log(slopeFactor)) ** 2) / 2;
  return (at) =>
    logSum(
      slopes.flatMap((slope) =>
        jitters.map(
          (jitter) =>
            prior(slope) +
            jeffreys(seen, { at, slope, target }) +
            sumOf(seen, (probe) => oddsEvidence(probe, { at, slope, jitter, target })),
        ),
      ),
    );
}

/** The logarithm of the root of Fisher's information: of a Bernoulli trial it is chance x (1 - chance) for the logarithm of its odds. */
const jeffreys = (seen: readonly Seen[], { at, slope, target }: Omit<Curve, 'jitter'>): number =>
  Math.log(
    sumOf(seen, ({ probed, over, within }) => {
      const odds = target + slope * (probed - at);
      return (over + within) * Math.exp(odds - 2 * softplus(odds));
    }) + Number.MIN_VALUE,
  ) / 2;

interface Curve {
  readonly at: number;
  readonly slope: number;
  readonly jitter: number;
  readonly target: number;
}

interface Seen {
  /** The logarithm of the rate. */
  readonly probed: number;
  readonly over: number;
  readonly within: number;
  /** The logarithm of how likely that is when any share is. */
  readonly byChance: number;
}

/** The logarithm of chance^over x (1 - chance)^within, whose logarithms of odds are ln chance = odds - ln(1 + e^odds) and ln(1 - chance) = -ln(1 + e^odds). */
function oddsEvidence({ probed, over, within, byChance }: Seen, { at, slope, jitter, target }: Curve): number {
  const onCurve = nodes.map(({ node, logWeight }) => {
    const odds = target + slope * (probed - at + jitter * node);
    return logWeight + over * odds - (over + within) * softplus(odds);
  });
  return logSum([byChance + Math.log(polluted), logSum(onCurve) + Math.log(1 - polluted)]);
}

const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);

/** ln(1 + e^x): minus the logarithm of a logistic chance. */
const softplus = (x: number): number => (x > 30 ? x : Math.log1p(Math.exp(x)));

const sumOf = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0);
