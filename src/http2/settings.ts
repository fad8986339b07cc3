import { errorCodes, flags, frame, frameTypes, settingIds, writeUint32 } from './frame.js';
import { type Violation, violation } from './violation.js';

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

/** What is wrong with a SETTINGS frame whose payload is of so many bytes, whatever it says (RFC 9113 section 6.5). */
export function misframedSettings(frameFlags: number, streamId: number, size: number): Violation | undefined {
  if (streamId !== 0) return violation(errorCodes.protocolError, 'SETTINGS on a stream');
  const isWhole = (frameFlags & flags.ack) === 0 ? size % settingBytes === 0 : size === 0;
  return isWhole ? undefined : violation(errorCodes.frameSizeError, 'a malformed SETTINGS frame');
}

/** Hands each setting of a SETTINGS frame to `apply`. Says what is wrong, if anything. */
export function readSettings(
  bytes: Buffer,
  from: number,
  to: number,
  apply: (id: number, value: number) => Violation | undefined,
): Violation | undefined {
  for (let at = from; at < to; at += settingBytes) {
    const [id, value] = [bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2)];
    if (id === settingIds.enablePush && value > 1)
      return violation(errorCodes.protocolError, `SETTINGS_ENABLE_PUSH of ${value}`);
    const wrong = apply(id, value);
    if (wrong !== undefined) return wrong;
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
