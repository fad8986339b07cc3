import { defaultWindowBytes, settingIds } from '../../http2/frame.js';
import { connectionPreface, settingsFrame, windowUpdate } from '../../http2/settings.js';
import { connectionWindowBytes, streamWindowBytes } from './receive-windows.js';

/** Calls of one connection at a time; each that only waits for its message takes some KB. */
export const mostStreams = 10_000;

/** What the server says first (RFC 9113 section 3.4). */
export const serverOpening: Buffer = Buffer.concat([
  settingsFrame([
    [settingIds.maxConcurrentStreams, mostStreams],
    [settingIds.initialWindowSize, streamWindowBytes],
  ]),
  windowUpdate(0, connectionWindowBytes - defaultWindowBytes),
]);

const preface = Buffer.from(connectionPreface);

/** Reads what a client begins with, split anywhere. */
export class PrefaceReader {
  #readBytes = 0;

  get isDone(): boolean {
    return this.#readBytes === preface.length;
  }

  /** How many of these bytes belong to it; `undefined` when they cannot. */
  read(bytes: Buffer): number | undefined {
    const length = Math.min(bytes.length, preface.length - this.#readBytes);
    const expected = preface.subarray(this.#readBytes, this.#readBytes + length);
    if (!bytes.subarray(0, length).equals(expected)) return undefined;
    this.#readBytes += length;
    return length;
  }
}
