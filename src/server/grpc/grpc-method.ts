import type { ReceivedMessage } from './message-collector.js';
import type { GrpcStatus } from './status.js';

/** How messages may be compressed (gRPC, "Message-Encoding"). */
export type MessageCoding = 'gzip' | 'deflate';

/** A call as its method sees it. */
export interface GrpcCall {
  /** Aborts when the client cancels or goes away, or the deadline passes. */
  readonly signal: AbortSignal;
  /** All header fields, names in lower case. */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Sends a message; nothing happens once the call has ended. The bytes must not change any more.
   *
   * @param coding how they are compressed, if they are; the same for all messages of a call
   */
  send(message: Uint8Array, coding?: MessageCoding): void;
  /** Resolves when the client has taken what was sent, or wants no more; `undefined` when it has. */
  sent(): Promise<void> | undefined;
  /** Ends the call with its status, after everything that was sent. Only the first one counts. */
  end(status: GrpcStatus): void;
  /** The bytes of a message are not looked at any more. Optional. */
  release(message: ReceivedMessage): void;
}

/** What a method does with what the client sends. */
export interface GrpcReceiver {
  /** Nothing happens before the client has sent all it has to: one that keeps silent is cut off. */
  readonly awaitsHalfClose?: boolean;
  onMessage(message: ReceivedMessage): void;
  /** The client sends nothing more. */
  onHalfClose(): void;
  /** The server closes: the call is to end when what was received is answered. Without it calls end as they would. */
  onClose?(): void;
}

/** Begins a call. */
export type GrpcMethod = (call: GrpcCall) => GrpcReceiver;

export const okStatus: GrpcStatus = { code: 0, details: '' };
