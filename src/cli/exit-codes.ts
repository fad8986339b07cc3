import type { PerfErrorCode } from '../core/perf-error.js';
import type { Run } from '../core/run.js';

/** What the program tells its caller. The table in the README is this one. */
export const exitCodes = {
  done: 0,
  bug: 1,
  /** Measured and written, but a level was unstable or invalid, or no largest rate was found. */
  unstable: 2,
  /** A level had no request that was answered validly. */
  noValidRequest: 3,
  /** A comparison, a certification, a scenario or a constraint failed. */
  gateFailed: 4,
  /** The server cannot be reached, does not serve the model, or stopped answering. */
  unreachable: 5,
  usage: 64,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The one table from expected stops to exit codes. */
export const exitCodeOf: Readonly<Record<PerfErrorCode, ExitCode>> = {
  usage: exitCodes.usage,
  file: exitCodes.usage,
  model: exitCodes.unreachable,
  unreachable: exitCodes.unreachable,
};

/** What a finished run means for the caller: the gravest of what happened. */
export function runExitCode(run: Run): ExitCode {
  const reasons = run.levels.flatMap(({ stability }) => (stability.stable ? [] : [stability.reason]));
  if (run.isInterrupted) return exitCodes.interrupted;
  if (reasons.includes('server-lost') || reasons.includes('no-answer')) return exitCodes.unreachable;
  if (run.levels.some(({ summary }) => summary.requests === 0)) return exitCodes.noValidRequest;
  if (run.levels.some(({ certification }) => certification?.verdict === 'fail')) return exitCodes.gateFailed;
  if (run.levels.some(({ scenario }) => scenario?.isValid === false)) return exitCodes.gateFailed;
  if (run.maxRate?.isBracketed === false || run.cacheTest?.verdict === 'undecided') return exitCodes.unstable;
  const isInvalid = run.levels.some(({ verdict }) => verdict.kind === 'invalid');
  return reasons.length > 0 || isInvalid ? exitCodes.unstable : exitCodes.done;
}
