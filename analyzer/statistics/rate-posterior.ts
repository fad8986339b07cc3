import { regularizedBeta } from './distributions.js';

/** What was seen at one rate. */
export interface RateProbe {
  readonly rate: number;
  readonly requests: number;
  /** Of these: over the limit. */
  readonly over: number;
  /** So many independent requests would say as much. */
  readonly effectiveRequests: number;
  /** The server did not keep up: whatever the latencies were, the rate is too high. */
  readonly isSaturated: boolean;
}

/** Where the largest rate within a limit lies, as far as the probes say. */
export interface RateEstimate {
  readonly rate: number;
  /** With 95 % credibility it is between these. */
  readonly low: number;
  readonly high: number;
}

/** Of the grid of rates: 0.25 %. */
const step = Math.log(1.0025);
/** From the outermost probes to the ends of the grid. */
const reach = Math.log(8);
/** No probe is believed more than this as to the side on which the rate lies: a server has bad moments. */
const mostBelieved = 0.98;
/** Probes within such a factor of each other follow one curve. */
const localFactor = 1.5;
/** How far the curve may take the rate beyond what the sides say. */
const margin = Math.log(1.2);
/** Long clusters of slow requests are rare, so that a sample shows too little of how they inflate its variance. */
const unseen = 1.75;
/** Probes whose logarithms of rates lie about so close together share an inflation. */
const sharing = 0.1;
const slopes: readonly number[] = Array.from({ length: 9 }, (_, index) => 300 ** (index / 8));
/** By how much a server's capacity differs from probe to probe: standard deviations of the logarithm. */
const jitters: readonly number[] = [0.005, 0.02];
/** Nodes and weights of the Gauss-Hermite quadrature for a standard normal variable. */
const nodes: readonly { readonly node: number; readonly logWeight: number }[] = [
  { node: -Math.sqrt(3), logWeight: Math.log(1 / 6) },
  { node: 0, logWeight: Math.log(2 / 3) },
  { node: Math.sqrt(3), logWeight: Math.log(1 / 6) },
];

/**
 * The largest rate at which a percentile is within its limit, from noisy probes: a Bayesian estimate of a psychometric function (Watson and
 * Pelli, "QUEST", Perception and Psychophysics 33, 1983; Kontsevich and Tyler, Vision Research 39, 1999), whose stimulus is the logarithm of the
 * rate. The probes bracket the rate by the side on which each says that it lies, which is probabilistic bisection (Waeber, Frazier and
 * Henderson, SIAM J. Control Optim. 51, 2013). Around the bracket the log-odds of a request's being over the limit are taken to grow in
 * a straight line with the logarithm of the rate; slope and the server's own changes from probe to probe are unknown, and averaged over.
 *
 * @param probes at least one
 * @param percentile a share
 */
export function ratePosterior(probes: readonly RateProbe[], percentile: number): RateEstimate {
  const rates = probes.map(({ rate }) => rate);
  const grid = gridOf(Math.log(Math.min(...rates)) - reach, Math.log(Math.max(...rates)) + reach);
  const sides = estimateOf(grid, weigh(grid, sideEvidence(probes, percentile)));
  const isLocal = ({ rate, isSaturated, requests }: RateProbe): boolean =>
    !isSaturated && requests > 0 && rate > sides.rate / localFactor && rate < sides.rate * localFactor;
  const local = alike(probes.filter(isLocal));
  if (local.length < 2) return sides;
  const ofOthers = sideEvidence(
    probes.filter((probe) => !isLocal(probe)),
    percentile,
  );
  const ofCurve = curveEvidence(local, percentile);
  const near = gridOf(Math.log(sides.low) - margin, Math.log(sides.high) + margin);
  return estimateOf(
    near,
    weigh(near, (at) => ofOthers(at) + ofCurve(at)),
  );
}

/**
 * Requests over a limit come in clusters. A probe that met few of them knows little of that, and would weigh more than one that met many: so probes
 * at about one rate share one inflation. Clusters grow with the rate, so that those at others know nothing of it.
 */
function alike(probes: readonly RateProbe[]): readonly RateProbe[] {
  return probes.map((probe) => {
    const nearness = ({ rate }: RateProbe): number => Math.exp(-((Math.log(rate / probe.rate) / sharing) ** 2) / 2);
    const inflation =
      (unseen * sumOf(probes, (other) => (nearness(other) * other.requests ** 2) / other.effectiveRequests)) /
      sumOf(probes, (other) => nearness(other) * other.requests);
    return { ...probe, effectiveRequests: probe.requests / inflation };
  });
}

/**
 * How likely a percentile is within a limit, given how many of so many requests were over it: with Jeffreys' prior the share over the
 * limit has a Beta(over + 1/2, total - over + 1/2) distribution.
 *
 * @param percentile a share
 */
export function chanceWithin(probe: RateProbe, percentile: number): number {
  const { over, within } = independent(probe);
  return probe.isSaturated ? 0 : regularizedBeta(1 - percentile, over + 0.5, within + 0.5);
}

/** As many independent requests as say the same. */
function independent({ requests, over, effectiveRequests }: RateProbe): { over: number; within: number } {
  const share = requests === 0 ? 0 : effectiveRequests / requests;
  return { over: over * share, within: (requests - over) * share };
}

/** The logarithm of how likely probes are, when the largest rate is at a point: that it lies on that side of each of them. */
function sideEvidence(probes: readonly RateProbe[], percentile: number): (at: number) => number {
  const sides = probes.map((probe) => {
    const chance = Math.min(mostBelieved, Math.max(1 - mostBelieved, chanceWithin(probe, percentile)));
    return { probed: Math.log(probe.rate), above: Math.log(chance), below: Math.log(1 - chance) };
  });
  return (at) => sumOf(sides, ({ probed, above, below }) => (at >= probed ? above : below));
}

/** The logarithm of how likely the numbers over the limit are, when the largest rate is at a point. */
function curveEvidence(probes: readonly RateProbe[], percentile: number): (at: number) => number {
  const target = Math.log((1 - percentile) / percentile);
  const seen = probes.map((probe) => ({ probed: Math.log(probe.rate), ...independent(probe) }));
  return (at) => {
    const logs: number[] = [];
    for (const slope of slopes) {
      for (const jitter of jitters) {
        logs.push(sumOf(seen, (probe) => oddsEvidence(probe, { at, slope, jitter, target })));
      }
    }
    return logSum(logs) - Math.log(logs.length);
  };
}

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
}

/** The logarithm of chance^over x (1 - chance)^within, whose logarithms of odds are ln chance = odds - ln(1 + e^odds) and ln(1 - chance) = -ln(1 + e^odds). */
function oddsEvidence({ probed, over, within }: Seen, { at, slope, jitter, target }: Curve): number {
  return logSum(
    nodes.map(({ node, logWeight }) => {
      const odds = target + slope * (probed - at + jitter * node);
      return logWeight + over * odds - (over + within) * softplus(odds);
    }),
  );
}

/** ln(1 + e^x): minus the logarithm of a logistic chance. */
const softplus = (x: number): number => (x > 30 ? x : Math.log1p(Math.exp(x)));

function logSum(logs: readonly number[]): number {
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0));
}

const sumOf = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0);

const gridOf = (low: number, high: number): readonly number[] =>
  Array.from({ length: Math.max(2, Math.ceil((high - low) / step) + 1) }, (_, index) => low + index * step);

function weigh(grid: readonly number[], evidence: (at: number) => number): readonly number[] {
  const logs = grid.map(evidence);
  const whole = logSum(logs);
  return logs.map((log) => Math.exp(log - whole));
}

function estimateOf(grid: readonly number[], weights: readonly number[]): RateEstimate {
  const quantile = (share: number): number => {
    let sum = 0;
    const index = weights.findIndex((weight) => {
      sum += weight;
      return sum >= share;
    });
    return Math.exp(grid.at(index) ?? 0);
  };
  return { rate: quantile(0.5), low: quantile(0.025), high: quantile(0.975) };
}
