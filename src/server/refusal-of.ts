import { messageOf } from '../core/perf-error.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { RefusalError } from './refusal.js';

/** Takes one line for the operator. */
export type Log = (line: string) => void;

/**
 * What a front end answers to anything thrown while it served a request. A request that breaks the protocol is
 * refused for its own reason; anything unknown is a bug of ours: `internal`, with its stack in the log.
 */
export function refusalOf(thrown: unknown, log: Log): RefusalError {
  if (thrown instanceof RefusalError) return thrown;
  if (thrown instanceof ProtocolError) return new RefusalError(thrown.reason, thrown.message, { cause: thrown });
  log(`internal error: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
  return new RefusalError('internal', `internal error: ${messageOf(thrown)}`, { cause: thrown });
}
