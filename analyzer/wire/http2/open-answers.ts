import { AnswerReader, type Answers } from './answer-reader.js';
import type { Http2ConnectionOptions } from './http2-connection.js';
import { type StreamAnswerOptions, StreamAnswers } from './stream-answers.js';
import type { StreamTable } from './stream-table.js';

/** Who takes the answers of a connection. */
export function openAnswers(
  streams: StreamTable,
  options: Http2ConnectionOptions,
  onEnd: StreamAnswerOptions['onEnd'],
): Answers {
  const { streaming, hasTimeLimit, compression, onBody, keepsBody } = options;
  if (streaming !== undefined) return new StreamAnswers(streams, { ...options, ...streaming, compression, onEnd });
  const keeps = (slot: number, sizeBytes: number): boolean =>
    onBody !== undefined && (keepsBody?.(streams.tokens[slot] ?? 0, sizeBytes) ?? true);
  return new AnswerReader(streams, { keeps, hasTimeLimit, compression });
}
