import { flags, frameTypes, readUint31 } from './frame.js';

/** Who acts on the frames that carry no answer. Each says what is wrong, if anything. */
export interface ControlHandlers {
  readonly onWindowUpdate: (streamId: number, increment: number) => string | undefined;
  readonly onPing: (payload: Buffer) => undefined;
  readonly onReset: (streamId: number, errorCode: number) => undefined;
  readonly onGoaway: (goaway: Goaway) => undefined;
}

export interface Goaway {
  readonly lastStreamId: number;
  /** The code, and what the peer adds to it. */
  readonly text: string;
}

/** A frame that is neither of an answer nor SETTINGS; `bytes` hold its payload from `from` to `to`. */
export interface ControlFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** Hands a control frame (RFC 9113 sections 6.4 to 6.9) to who acts on it. Says what is wrong, if anything. */
export function readControlFrame(control: ControlFrame, handlers: ControlHandlers): string | undefined {
  const { type, streamId, bytes, from, to } = control;
  const size = to - from;
  switch (type) {
    case frameTypes.windowUpdate:
      if (size !== 4) return 'a malformed WINDOW_UPDATE';
      return handlers.onWindowUpdate(streamId, readUint31(bytes, from));
    case frameTypes.ping:
      if (size !== 8) return 'a malformed PING';
      return (control.flags & flags.ack) === 0 ? handlers.onPing(bytes.subarray(from, to)) : undefined;
    case frameTypes.rstStream:
      return size === 4 ? handlers.onReset(streamId, bytes.readUInt32BE(from)) : 'a malformed RST_STREAM';
    case frameTypes.goaway:
      return size >= 8 ? handlers.onGoaway(readGoaway(bytes, from, to)) : 'a malformed GOAWAY';
    case frameTypes.pushPromise:
      return 'a PUSH_PROMISE, although pushes are off';
    default:
      return undefined; // PRIORITY, and types that nobody has to know (RFC 9113 section 5.5)
  }
}

function readGoaway(bytes: Buffer, from: number, to: number): Goaway {
  const code = bytes.readUInt32BE(from + 4);
  const debug = bytes.toString('latin1', from + 8, Math.min(to, from + 8 + 200));
  return {
    lastStreamId: readUint31(bytes, from),
    text: `GOAWAY, code ${code}${debug === '' ? '' : ` (${debug})`}`,
  };
}
