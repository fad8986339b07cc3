import { windowUpdate } from '../../http2/settings.js';
import type { ServerStream } from './server-stream.js';

export const streamWindowBytes = 8 * 1024 * 1024;
export const connectionWindowBytes = 64 * 1024 * 1024;
/** When so much of one stream waits for its client's window, or to be decompressed, no more window is given to it. */
const mostWaitingOfStreamBytes = 4 * 1024 * 1024;

/** What the client of one connection may send (RFC 9113 section 5.2): counts what came, and gives windows back. */
export class ReceiveWindows {
  readonly #push: (frame: Buffer) => void;
  /** Streams whose windows are not given back. */
  readonly #withheld = new Set<ServerStream>();
  /** Of all streams, and not given back. */
  #receivedBytes = 0;

  /** @param push sends a frame */
  constructor(push: (frame: Buffer) => void) {
    this.#push = push;
  }

  /** Some streams wait for their windows. */
  get isWithholding(): boolean {
    return this.#withheld.size > 0;
  }

  /** Counts the payload of a DATA frame, on whichever stream. */
  received(bytes: number): void {
    this.#receivedBytes += bytes;
    if (this.#receivedBytes <= connectionWindowBytes / 2) return;
    this.#push(windowUpdate(0, this.#receivedBytes));
    this.#receivedBytes = 0;
  }

  /** Counts it on its stream too; whether the stream's window allowed it. */
  receivedOn(stream: ServerStream, bytes: number): boolean {
    stream.receivedBytes += bytes;
    return stream.receivedBytes <= streamWindowBytes;
  }

  /** Gives a stream's window back, but not while its client leaves answers unread, or messages are not decompressed yet. */
  replenish(stream: ServerStream): void {
    const { reply, receivedBytes, isHalfClosed } = stream;
    if (isHalfClosed || receivedBytes <= streamWindowBytes / 2) return;
    if (Math.max(reply.unsentBytes, stream.waitingBytes) > mostWaitingOfStreamBytes) {
      this.#withheld.add(stream);
      return;
    }
    this.#push(windowUpdate(reply.streamId, receivedBytes));
    stream.receivedBytes = 0;
    this.#withheld.delete(stream);
  }

  /** Answers have been sent, or messages decompressed. */
  replenishWithheld(): void {
    for (const stream of this.#withheld) this.replenish(stream);
  }

  /** A stream has ended. */
  forget(stream: ServerStream): void {
    this.#withheld.delete(stream);
  }
}
