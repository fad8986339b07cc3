import type { SweptLoadSettings } from '../../src/core/load.js';
import { levelValue } from '../../src/core/load-name.js';
import type { MaxRate, MaxRateSettings } from '../../src/core/max-rate.js';
import type { Level } from '../../src/core/run.js';
import { loadAt } from '../load/level-range.js';
import type { Sweep, SweepAnswer } from '../load/sweep.js';
import { probeConfidence } from '../measure/judge-probe.js';
import { neededTotal } from '../statistics/early-stopping.js';
import { capacityOf } from '../statistics/rate-posterior.js';
import type { RateProbe } from '../statistics/rate-probe.js';
import { type RateSearch, rateSearch } from '../statistics/rate-search.js';

/** So many probes may tell nothing because the client was late. */
const mostLate = 3;
/** With so few requests in flight on average a server is idle. */
const idle = 0.1;

/** The probes of a search for the largest rate within a limit, from the start of the range on. */
export function* maxRateSweep(load: SweptLoadSettings, settings: MaxRateSettings): Sweep {
  const search = searchFor(settings, load.range.start);
  const least = Math.min(lowestRate(settings), load.range.start);
  const seen: Level[] = [];
  for (let rate = search.next(); rate !== undefined && seen.length < settings.maxProbes; rate = search.next()) {
    if (rate < least && !hasMet(seen)) return;
    const { level }: SweepAnswer = yield loadAt(load, rounded(rate));
    if (level?.probe === undefined) return;
    if (level.probe.answer !== 'late') tell(search, level);
    seen.push(level);
    if (tellsNoMore(seen)) return;
  }
}

const hasMet = (levels: readonly Level[]): boolean => levels.some(({ probe }) => probe?.answer === 'met');

/** The client was late too often; or nothing met the limit, and lower rates would have too few requests, or be too slow as well. */
function tellsNoMore(levels: readonly Level[]): boolean {
  if (levels.filter(({ probe }) => probe?.answer === 'late').length === mostLate) return true;
  const last = levels.at(-1);
  return last !== undefined && !hasMet(levels) && (last.probe?.answer === 'unknown' || isHopeless(last));
}

const searchFor = ({ percentile, maxProbes }: MaxRateSettings, start: number): RateSearch =>
  rateSearch({ start, percentile: percentile / 100, mostProbes: maxProbes });

/** Below this rate a probe has too few requests to show that the limit is met, even if none is over it. */
const lowestRate = ({ percentile, maxMs }: MaxRateSettings): number =>
  neededTotal(0, { percentile: percentile / 100, confidence: probeConfidence }) / (maxMs / 1000);

/** Six digits, as reports show it. */
const rounded = (rate: number): number => Number(rate.toPrecision(6));

function tell(search: RateSearch, level: Level): void {
  const probe = rateProbe(level);
  if (probe !== undefined) search.tell(probe);
}

function rateProbe({ load, probe, summary }: Level): RateProbe | undefined {
  if (probe === undefined) return undefined;
  const achieved = summary.durationMs > 0 ? (1000 * summary.requests) / summary.durationMs : 0;
  return { ...probe, rate: offeredRate(load, summary), achieved };
}

/**
 * What came, rather than what was asked for: of Poisson arrivals it differs by chance, and how many are too slow goes with it. Regular arrivals are what was
 * asked for, but for the ends of the windows.
 */
function offeredRate(load: Level['load'], { pacing }: Level['summary']): number {
  const isPoisson = load.kind === 'request-rate' && load.arrivals.kind === 'poisson';
  return isPoisson && pacing !== undefined && pacing.askedRate > 0 ? pacing.askedRate : levelValue(load);
}

/** A probe from which nothing is learned. */
const untold = (level: Level): Level => ({
  ...level,
  ...(level.probe && { probe: { ...level.probe, requests: 0, over: 0, effectiveRequests: 0 } }),
});

/** Most requests are too slow though the server, by Little's law, has hardly any of them at a time. */
function isHopeless({ load, probe, summary }: Level): boolean {
  const inFlight = levelValue(load) * ((summary.latency?.meanMs ?? 0) / 1000);
  return probe !== undefined && probe.over > probe.requests / 2 && inFlight < idle;
}

/** What the probes of a run say together; absent when there was none. */
export function maxRateOf(levels: readonly Level[], settings: MaxRateSettings): MaxRate | undefined {
  const asked = levels.filter(({ probe }) => probe !== undefined);
  const probes = asked.filter(({ probe }) => probe?.answer !== 'late');
  const search = searchFor(settings, 1);
  for (const level of probes.length > 0 ? probes : asked.map(untold)) tell(search, level);
  const found = search.estimate();
  if (found === undefined) return undefined;
  const slopes = [slopeAt(found.rate, probes, settings), queueElasticity(found.rate, probes)].flatMap(
    (each) => each ?? [],
  );
  if (!found.isBracketed || slopes.length === 0) return found;
  const elasticity = Math.max(...slopes);
  return { ...found, elasticity, edge: elasticity > cliff ? 'cliff' : 'smooth' };
}

const cliff = 10;
/** Nobody knows a capacity better than to 2 %. */
const mostUtilisation = 0.98;

/**
 * Of a queue: about utilisation / (1 - utilisation), 10 at 91 %. The slope between probes does not show it where all but one of them are below the capacity;
 * absent while no probe was saturated.
 */
function queueElasticity(rate: number, levels: readonly Level[]): number | undefined {
  const capacity = capacityOf(levels.flatMap((level) => rateProbe(level) ?? []));
  if (!Number.isFinite(capacity)) return undefined;
  const utilisation = Math.min(mostUtilisation, rate / capacity);
  return utilisation / (1 - utilisation);
}

/** Probes within such a factor of the answer are near it. */
const nearFactor = 1.25;
/** Rates that lie closer together than this say nothing about a slope. */
const smallestSpread = 0.01;

/** The slope of ln latency over ln rate, by least squares over the probes near a rate. */
function slopeAt(rate: number, levels: readonly Level[], { percentile }: MaxRateSettings): number | undefined {
  const points = levels.flatMap(({ load, summary }) => {
    const latencyMs = summary.latency?.percentilesMs[String(percentile)];
    const x = Math.log(levelValue(load) / rate);
    return latencyMs === undefined || Math.abs(x) > Math.log(nearFactor) ? [] : [{ x, y: Math.log(latencyMs) }];
  });
  const xs = points.map(({ x }) => x);
  if (points.length < 2 || Math.max(...xs) - Math.min(...xs) < smallestSpread) return undefined;
  const mean = (pick: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  return mean(({ x, y }) => (x - meanX) * (y - meanY)) / mean(({ x }) => (x - meanX) ** 2);
}
