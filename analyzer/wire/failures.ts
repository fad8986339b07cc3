import type { Failure } from '../../src/core/failure.js';
import { messageOf } from '../../src/core/perf-error.js';

/** The request was in flight when its transport was closed. */
export const abandoned: Failure = { code: 'abandoned', message: 'the transport was closed' };

/** The peer closed the connection before the answer was complete. */
export const closedByPeer: Failure = { code: 'connect', message: 'the server closed the connection' };

/** No complete answer in time. */
export const timedOut = (limitMs: number): Failure => ({
  code: 'timeout',
  message: `no complete answer within ${limitMs} ms`,
});

/** The answer breaks the rules of its protocol. */
export const violated = (what: string): Failure => ({ code: 'protocol', message: what });

/** The answer is not what its coding says, or has one that nobody asked for. */
export const undecodable = (coding: string | undefined): Failure =>
  violated(`the answer cannot be decoded from ${coding}`);

/** What a socket said when it broke. A failed attempt on several addresses has its texts inside. */
export function brokenConnection(error: unknown): Failure {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return { code: 'connect', message: messageOf(first) };
}
