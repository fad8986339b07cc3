import { flags, frame, frameTypes, writeUint32 } from './frame.js';

const settingBytes = 6;

/** What a client begins with (RFC 9113 section 3.4). */
export const connectionPreface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** A SETTINGS frame. */
export const settingsFrame = (settings: readonly (readonly [id: number, value: number])[]): Buffer =>
  frame(frameTypes.settings, 0, 0, Buffer.concat(settings.map(([id, value]) => setting(id, value))));

export const settingsAck = (): Buffer => frame(frameTypes.settings, flags.ack, 0, Buffer.alloc(0));

export const windowUpdate = (streamId: number, increment: number): Buffer =>
  frame(frameTypes.windowUpdate, 0, streamId, uint32(increment));

export const rstStream = (streamId: number, errorCode: number): Buffer =>
  frame(frameTypes.rstStream, 0, streamId, uint32(errorCode));

/** Says that no stream after `lastStreamId` is looked at. */
export function goaway(lastStreamId: number, errorCode: number, debug: string): Buffer {
  return frame(frameTypes.goaway, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(errorCode), Buffer.from(debug)]));
}

/** Hands each setting of a SETTINGS frame to `apply`. Says what is wrong, if anything. */
export function readSettings(
  bytes: Buffer,
  from: number,
  to: number,
  apply: (id: number, value: number) => string | undefined,
): string | undefined {
  if ((to - from) % settingBytes !== 0) return 'a malformed SETTINGS frame';
  for (let at = from; at < to; at += settingBytes) {
    const violation = apply(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
    if (violation !== undefined) return violation;
  }
  return undefined;
}

function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(settingBytes);
  bytes.writeUInt16BE(id, 0);
  writeUint32(bytes, 2, value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  writeUint32(bytes, 0, value);
  return bytes;
}
