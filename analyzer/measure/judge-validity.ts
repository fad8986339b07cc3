import type { Load } from '../../src/core/load.js';
import { isOpenLoop } from '../../src/core/load-name.js';
import type { ClientHealth, Finding, LevelChecks, Measured, RequestCounts, Verdict } from '../../src/core/run.js';
import { largestSplit } from '../load/share.js';
import { failedChecks } from './check-level.js';

export interface ValidityInput {
  readonly load: Load;
  readonly summary: Measured;
  readonly requests: RequestCounts;
  readonly clientHealth: ClientHealth;
  readonly checks?: LevelChecks;
  readonly maxErrorRatePercent: number;
  /** It asks whether the server sustains the rate: that it fails some, or does not, is the answer. */
  readonly isProbe?: boolean;
  /** Requests that are due wait for the answers before them in their sequences. */
  readonly isSerial?: boolean;
  /** Requests belong to sequences, which one thread sends. */
  readonly isSequenced?: boolean;
}

/** One of several models or servers of a level. */
export interface PartInput extends Judged {
  readonly about: NonNullable<Finding['about']>;
  /** How many of its requests reached nobody since the last one that was answered. */
  readonly unanswered: number;
}

/** Above these the client, not the server, may be what was measured. */
const limits = {
  busyShare: 0.85,
  shortfall: 0.01,
  lagMs: 1,
  lagShareOfLatency: 0.1,
  usefulCores: 0.5,
  unanswered: 3,
} as const;

/** Whether the figures of a level describe the server under the load that was asked for, and if not, why. */
export function judgeValidity(input: ValidityInput): Verdict {
  const failed = input.isProbe ? [] : failedChecks(input.checks ?? {}, input.load);
  const ofServer = input.isProbe ? [] : [errors(input), shortfall(input)];
  return verdictOf([samples(input), ...ofServer, busyClient(input), sendLag(input), ...failed]);
}

/** The same for one of several models or servers, but for what is the client's. */
export const judgePart = (input: PartInput): Verdict =>
  verdictOf([samples(input), errors(input), lost(input), shortfall(input)]);

/** A level is no better than its parts. Where nothing was answered at all, it is said once. */
export function withParts(
  level: Verdict,
  parts: readonly (readonly [NonNullable<Finding['about']>, Verdict])[],
): Verdict {
  const isSilent = level.findings.some(({ code }) => code === 'no-samples');
  const ofParts = parts.flatMap(([about, { findings }]) => findings.map((finding) => ({ ...finding, about })));
  return verdictOf([...level.findings, ...ofParts.filter(({ code }) => !(isSilent && code === 'no-samples'))]);
}

function verdictOf(found: readonly (Finding | undefined)[]): Verdict {
  const findings = found.filter((finding) => finding !== undefined);
  const isInvalid = findings.some(({ severity }) => severity === 'invalid');
  return { kind: isInvalid ? 'invalid' : findings.length > 0 ? 'suspect' : 'valid', findings };
}

type Judged = Pick<ValidityInput, 'load' | 'summary' | 'requests' | 'maxErrorRatePercent'>;

function samples({ summary }: Judged): Finding | undefined {
  if (summary.requests > 0) return undefined;
  return {
    code: 'no-samples',
    severity: 'invalid',
    reason: 'No request was answered validly.',
    remedy: 'See the failures, or measure for longer than a request takes.',
  };
}

function errors({ summary, maxErrorRatePercent }: Judged): Finding | undefined {
  const { requests, failedRequests } = summary;
  if (requests === 0 || failedRequests === 0) return undefined;
  const percent = (100 * failedRequests) / (requests + failedRequests);
  if (percent <= maxErrorRatePercent) return undefined;
  return {
    code: 'error-rate',
    severity: 'invalid',
    reason: `${figure(percent)} % of the requests failed, more than ${maxErrorRatePercent} %; latency and throughput are those of the others.`,
    remedy: 'See the failures; lower the load, or accept more of them with --max-error-rate.',
  };
}

function lost({ about, unanswered }: PartInput): Finding | undefined {
  if (about.kind !== 'server' || unanswered < limits.unanswered) return undefined;
  return {
    code: 'server-lost',
    severity: 'invalid',
    reason: `The last ${unanswered} requests to this server reached nobody, so that its share of the load is missing.`,
    remedy: 'See the failures; measure again with servers that stay.',
  };
}

function shortfall({ load, requests }: Judged): Finding | undefined {
  const { intended, sent, dropped } = requests;
  if (!isOpenLoop(load) || dropped <= limits.shortfall * intended) return undefined;
  return {
    code: 'rate-shortfall',
    severity: 'invalid',
    reason: `Of ${intended} requests that were due only ${sent} were sent, ${figure((100 * dropped) / intended)} % too few.`,
    remedy:
      'Lower the rate; or raise --max-in-flight if the server is to queue more, or free the client if its send lag is large.',
  };
}

function busyClient({ load, clientHealth, isSequenced = false }: ValidityInput): Finding | undefined {
  const { busyShare, spareCores, threads = [] } = clientHealth;
  if (busyShare <= limits.busyShare) return undefined;
  const count = Math.max(1, threads.length);
  const who = count === 1 ? "The client's sending thread" : `The busiest of the client's ${count} sending threads`;
  const otherwise = 'Give client and server cores of their own, or send less.';
  return {
    code: 'client-busy',
    severity: 'suspect',
    reason: `${who} was busy ${figure(100 * busyShare)} % of the time, so its own limit may have been measured.`,
    remedy:
      !isSequenced && spareCores >= limits.usefulCores && largestSplit(load) > count
        ? `Send from more threads with --max-threads ${count + 1}, since ${figure(spareCores)} cores were idle. ${otherwise}`
        : otherwise,
  };
}

function sendLag({ summary, isSerial = false }: ValidityInput): Finding | undefined {
  const lagMs = summary.pacing?.sendLag?.percentilesMs['99'];
  const p50Ms = summary.latency?.percentilesMs['50'];
  if (lagMs === undefined || p50Ms === undefined) return undefined;
  const shareLimitMs = limits.lagShareOfLatency * p50Ms;
  if (lagMs <= Math.min(limits.lagMs, shareLimitMs)) return undefined;
  const limit =
    lagMs > limits.lagMs ? `${limits.lagMs} ms` : `a tenth of the median response time, ${figure(p50Ms)} ms`;
  const cause = isSerial
    ? 'that is the wait for answers in serial sequences, or for the client'
    : "that lag is the client's";
  return {
    code: 'send-lag',
    severity: 'suspect',
    reason: `One request in a hundred left ${figure(lagMs)} ms late or later, more than ${limit}; ${cause}, and part of the response time.`,
    remedy: isSerial
      ? 'Let more sequences share the rate (--num-of-sequences), lower it, or give the client a core of its own.'
      : 'Give the client a core of its own, or compare the service time.',
  };
}

const figure = (value: number): string => String(Number(value.toPrecision(3)));
