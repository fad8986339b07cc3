import type { Parameters, ParameterValue } from '../protocol/infer.js';
import { RefusalError } from './refusal.js';

/** What a sequence is called: an unsigned 64-bit number or a text. */
export type SequenceId = bigint | string;

/** Where a request stands in its sequence (v2 protocol, 5 "sequence"). */
export interface SequenceMark {
  /** Neither 0 nor ''. */
  readonly id: SequenceId;
  readonly isStart: boolean;
  readonly isEnd: boolean;
}

const largestId = 2n ** 64n - 1n;
const longestIdBytes = 128;

/**
 * Reads `sequence_id`, `sequence_start` and `sequence_end`; `undefined` when the request belongs to no sequence.
 *
 * @throws RefusalError (`invalid-argument`) for a value of another type
 */
export function readSequence(parameters: Parameters): SequenceMark | undefined {
  if (parameters.size === 0) return undefined;
  const id = idFrom(parameters.get('sequence_id'));
  const isStart = flagFrom('sequence_start', parameters.get('sequence_start'));
  const isEnd = flagFrom('sequence_end', parameters.get('sequence_end'));
  return id === 0n || id === '' ? undefined : { id, isStart, isEnd };
}

function idFrom(value: ParameterValue = 0): SequenceId {
  if (typeof value === 'string') {
    if (Buffer.byteLength(value) <= longestIdBytes) return value;
    throw invalid(`string correlation ID cannot be longer than ${longestIdBytes} bytes`);
  }
  if (typeof value !== 'boolean' && (typeof value === 'bigint' || Number.isInteger(value))) {
    const id = BigInt(value);
    if (id >= 0n && id <= largestId) return id;
  }
  throw invalid(`parameter 'sequence_id' must be an unsigned 64-bit integer or a string, got '${value}'`);
}

function flagFrom(key: string, value: ParameterValue = false): boolean {
  if (typeof value === 'boolean') return value;
  throw invalid(`parameter '${key}' must be true or false, got '${value}'`);
}

const invalid = (message: string): RefusalError => new RefusalError('invalid-argument', message);
