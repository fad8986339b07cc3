import { type Certainty, type Interval, relativeHalfWidth } from '../../src/core/certainty.js';
import type { Load } from '../../src/core/load.js';
import { loadName } from '../../src/core/load-name.js';
import type { Finding, LevelChecks, Measured } from '../../src/core/run.js';

export interface CheckInput {
  readonly load: Load;
  readonly batchSize: number;
  readonly summary: Measured;
  readonly certainty?: Certainty;
  /** One model on one server, whose requests have one answer each. */
  readonly isPlain: boolean;
}

/** So much of what should have been in flight may be on its way between an answer and the next request. */
const tolerance = 0.1;
/** What enters and leaves a stretch at its ends matters less than 5 % when so many requests pass each slot. */
const turns = 20;

/** What two ways of counting say of one level. */
export function checkLevel(input: CheckInput): LevelChecks {
  const littlesLaw = littlesLawOf(input);
  const counts = input.isPlain ? countsOf(input.summary) : undefined;
  return {
    ...(littlesLaw === undefined ? {} : { littlesLaw }),
    ...(counts === undefined ? {} : { counts }),
  };
}

/**
 * Little's law (Operations Research 9, 1961): requests in flight = rate x latency, whatever the distributions. The interval is that of a product
 * of two figures whose errors may add up.
 */
function littlesLawOf({ load, batchSize, summary, certainty }: CheckInput): LevelChecks['littlesLaw'] {
  const { latency, throughput, failedRequests, requests } = summary;
  if (latency === undefined || load.kind === 'periodic-concurrency') return undefined;
  const inFlight = (throughput / batchSize) * (latency.meanMs / 1000);
  const interval = certainty && productInterval(inFlight, certainty.throughput, certainty.meanMs);
  const asked = load.kind === 'concurrency' ? load.concurrency : undefined;
  const isComparable = asked !== undefined && failedRequests === 0 && requests >= turns * asked;
  return {
    inFlight,
    ...(interval === undefined ? {} : { interval }),
    ...(isComparable ? { asked, holds: holds(inFlight, asked, interval) } : {}),
  };
}

function productInterval(value: number, left: Interval | undefined, right: Interval | undefined): Interval | undefined {
  if (left === undefined || right === undefined) return undefined;
  const share = relativeHalfWidth(left) + relativeHalfWidth(right);
  return { low: value * Math.max(0, 1 - share), high: value * (1 + share) };
}

function holds(inFlight: number, asked: number, { low, high }: Interval = { low: inFlight, high: inFlight }): boolean {
  return low <= asked * (1 + tolerance) && high >= asked * (1 - tolerance);
}

/** The server's counters are read a moment after the window, and it may have finished what the client has not yet seen. */
function countsOf({ requests, server, durationMs, latency }: Measured): LevelChecks['counts'] {
  if (server === undefined || latency === undefined) return undefined;
  const inFlight = (requests / durationMs) * latency.meanMs;
  const slack = 2 * inFlight + tolerance * requests + fewest;
  return { client: requests, server: server.requests, agree: Math.abs(server.requests - requests) <= slack };
}

const fewest = 10;

/** The checks that failed. */
export function failedChecks({ littlesLaw, counts }: LevelChecks, load: Load): Finding[] {
  const findings: Finding[] = [];
  if (littlesLaw?.holds === false) {
    findings.push({
      code: 'in-flight',
      severity: 'suspect',
      reason: `Rate x latency says that ${figure(littlesLaw.inFlight)} requests were in flight, not those of ${loadName(load)} (Little's law).`,
      remedy:
        'The client takes its time between an answer and the next request: give it a core of its own, or send less.',
    });
  }
  if (counts?.agree === false) {
    findings.push({
      code: 'server-counts',
      severity: 'suspect',
      reason: `The server counted ${counts.server} requests while the client counted ${counts.client}.`,
      remedy:
        counts.server > counts.client
          ? 'Others use the model too: measure it alone.'
          : 'Not all requests reached this server: ask it, rather than a proxy or one of several replicas.',
    });
  }
  return findings;
}

const figure = (value: number): string => String(Number(value.toPrecision(3)));
