import type { Socket } from 'node:net';

const chunkBytes = 131_072;
/** More than this in the socket's queue, and whoever has much to send waits for `drain`. */
const cloggedBytes = 1_048_576;

/**
 * Collects the frames of one turn, so that they leave in one write. A buffer whose write the kernel took at once, as it
 * nearly always does, is used again; others wait until the socket's queue is empty.
 */
export class Outbox {
  /** Write at `length`, after `reserve`, and add to `length`. */
  bytes: Buffer = Buffer.allocUnsafeSlow(chunkBytes);
  length = 0;
  private readonly socket: Socket;
  private readonly writing: Buffer[] = [];
  private readonly spare: Buffer[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** The peer reads more slowly than we would write. */
  get isClogged(): boolean {
    return this.socket.writableLength > cloggedBytes;
  }

  /** Makes room for `size` bytes at `length`. */
  reserve(size: number): void {
    if (this.bytes.length - this.length >= size) return;
    this.flush();
    if (this.bytes.length < size) this.bytes = Buffer.allocUnsafeSlow(size);
  }

  push(frame: Uint8Array): void {
    this.reserve(frame.length);
    this.bytes.set(frame, this.length);
    this.length += frame.length;
  }

  flush(): void {
    if (this.length === 0) return;
    if (this.writing.length > 0 && this.socket.writableLength === 0) this.spare.push(...this.writing.splice(0));
    this.socket.write(this.bytes.subarray(0, this.length));
    this.length = 0;
    if (this.socket.writableLength === 0) return;
    this.writing.push(this.bytes);
    this.bytes = this.spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
  }
}
