import { Socket } from 'node:net';

/** Where the bytes of a connection go, without a buffer of their own for each read. */
export interface ByteSink {
  /** Where the next bytes shall be put; only they are written. */
  room(): Uint8Array;
  /**
   * Bytes that came, a view that is valid for the length of the call.
   *
   * @returns whether more may come at once; otherwise the socket is paused until `resume`
   */
  take(bytes: Buffer): boolean;
}

/** What a socket that a `net.Server` gave is made of; not in the types of Node. */
interface Accepted {
  _handle: object | null;
}

/**
 * Reads an accepted connection into buffers that the sink provides. Node can do so for sockets that it opens (`onread`), but not
 * for those that a server accepts: those get a fresh 64-KB buffer for each read, which nobody but the garbage collector
 * sees, and it sees nothing else. So the connection moves to a new socket. Where it cannot (another Node), the bytes come as
 * ever, and only speed is lost.
 *
 * @param accepted just now; from here on not to be used. It closes when the returned socket does
 */
export function readInto(accepted: Socket, sink: ByteSink): Socket {
  const inner = accepted as unknown as Accepted;
  const handle = inner._handle;
  if (handle === null || typeof handle !== 'object') {
    accepted.on('data', (bytes: Buffer) => {
      if (!sink.take(bytes)) accepted.pause();
    });
    return accepted.resume();
  }
  inner._handle = null;
  const onread = {
    buffer: () => sink.room(),
    callback: (count: number, buffer: Uint8Array) => sink.take(Buffer.from(buffer.buffer, buffer.byteOffset, count)),
  };
  const socket = new Socket({ handle, onread, allowHalfOpen: true } as object);
  socket.once('close', () => accepted.destroy());
  return socket.resume();
}
