import type { InferRequest, Parameters } from '../../src/protocol/infer.js';

/** What each request says of its sequence (sequence extension of the v2 protocol); asked when the request is sent. */
export interface SequenceMarks {
  /** The correlation id, from 1 to 2^53 - 1. */
  idOf(token: number): number;
  isStart(token: number): boolean;
  isEnd(token: number): boolean;
}

const longestId = Number.MAX_SAFE_INTEGER;

/**
 * The parameters of a request that is to be marked, as it is prepared: before all others, with values that take the most
 * room. What is sent is a copy of the prepared bytes in which these values are overwritten.
 */
export const unmarked: Parameters = new Map<string, number | boolean>([
  ['sequence_id', longestId],
  ['sequence_start', false],
  ['sequence_end', false],
]);

export const isMarkable = ({ parameters }: InferRequest): boolean => parameters.get('sequence_id') === longestId;
