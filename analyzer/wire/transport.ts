import type { Failure } from '../../src/core/failure.js';
import type { Nanoseconds } from '../../src/core/units.js';
import type { SequenceMarks } from './sequence-marks.js';

/**
 * Called exactly once for each request that was sent, never from inside `send`.
 *
 * @param token the number that was given to `send`
 * @param failure absent when the server answered with success
 * @param firstAt when the first byte of the answer arrived; equal to `lastAt` when there was no answer
 * @param lastAt when the answer was complete, or the failure was noticed
 */
export type OnReply = (token: number, failure: Failure | undefined, firstAt: Nanoseconds, lastAt: Nanoseconds) => void;

/**
 * Called just before `onReply` of a request that succeeded; of a request to a stream, for each response as it comes.
 *
 * @param body the HTTP body, or the protobuf message; belongs to the callee
 * @param headerLength the length of the JSON part when binary tensors follow it; HTTP only
 */
export type OnBody = (token: number, body: Buffer, headerLength: number | undefined) => void;

/**
 * Called for each response of a request to a stream, before `onReply`: any number of times, and not at all when the server
 * says that there is none. What is not a stream has one response, the answer.
 */
export type OnResponse = (token: number, at: Nanoseconds) => void;

/**
 * Called for each valid answer, or response of a stream, before `onReply`, by a transport that puts outputs into words.
 *
 * @param text JSON; absent for an answer that is too large
 */
export type OnOutputs = (token: number, text: string | undefined) => void;

/**
 * Asked once for each answer with success, when its body begins: whether the body is kept and given to `onBody`.
 *
 * @param sizeBytes of the body; `undefined` when the server does not say it in advance
 */
export type KeepsBody = (token: number, sizeBytes: number | undefined) => boolean;

/**
 * Carries prepared requests to a server. The bytes were encoded before the run; sending picks one by its number.
 * It keeps as many connections or streams as it was opened with, and re-makes broken ones.
 */
export interface Transport extends AsyncDisposable {
  /**
   * @param request which of the prepared requests to send
   * @param token comes back with the reply; unique among the requests in flight
   * @throws RangeError when there is no such request
   */
  send(request: number, token: number): void;
}

export interface OpenOptions {
  readonly concurrency: number;
  readonly onReply: OnReply;
  readonly onResponse?: OnResponse | undefined;
  readonly onOutputs?: OnOutputs | undefined;
  /** Given when answers are looked into; without it their bodies are counted off and dropped. */
  readonly onBody?: OnBody | undefined;
  /** Absent: every body is kept. */
  readonly keepsBody?: KeepsBody | undefined;
  /** Given when requests belong to sequences; they must be prepared for it. */
  readonly marks?: SequenceMarks | undefined;
}

/**
 * Opens a transport for up to `concurrency` requests at a time. Connections are made at the latest when needed.
 * Requests that are in flight when it is disposed of are answered with the failure `abandoned`.
 */
export type OpenTransport = (options: OpenOptions) => Transport;
