import { errorCodes, flags, frameTypes, readUint31 } from './frame.js';
import { type Violation, violation } from './violation.js';

/** Who acts on the frames that carry no answer. Each says what is wrong, if anything. */
export interface ControlHandlers {
  readonly onWindowUpdate: (streamId: number, increment: number) => Violation | undefined;
  readonly onPing: (payload: Buffer) => undefined;
  readonly onReset: (streamId: number, errorCode: number) => Violation | undefined;
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

/** What a control frame must look like: how long its payload is, and whether it is of a stream or of the connection. */
interface Form {
  readonly name: string;
  readonly hasSize: (size: number) => boolean;
  readonly belongsTo: 'stream' | 'connection' | 'either';
}

const forms: Readonly<Record<number, Form>> = {
  [frameTypes.priority]: { name: 'PRIORITY', hasSize: (size) => size === 5, belongsTo: 'stream' },
  [frameTypes.rstStream]: { name: 'RST_STREAM', hasSize: (size) => size === 4, belongsTo: 'stream' },
  [frameTypes.ping]: { name: 'PING', hasSize: (size) => size === 8, belongsTo: 'connection' },
  [frameTypes.goaway]: { name: 'GOAWAY', hasSize: (size) => size >= 8, belongsTo: 'connection' },
  [frameTypes.windowUpdate]: { name: 'WINDOW_UPDATE', hasSize: (size) => size === 4, belongsTo: 'either' },
};

/** Hands a control frame (RFC 9113 sections 6.3 to 6.9) to who acts on it. Says what is wrong, if anything. */
export function readControlFrame(control: ControlFrame, handlers: ControlHandlers): Violation | undefined {
  const { type, streamId, bytes, from, to } = control;
  const wrong = misframed(control);
  if (wrong !== undefined) return wrong;
  switch (type) {
    case frameTypes.windowUpdate:
      return handlers.onWindowUpdate(streamId, readUint31(bytes, from));
    case frameTypes.ping:
      return (control.flags & flags.ack) === 0 ? handlers.onPing(bytes.subarray(from, to)) : undefined;
    case frameTypes.rstStream:
      return handlers.onReset(streamId, bytes.readUInt32BE(from));
    case frameTypes.goaway:
      return handlers.onGoaway(readGoaway(bytes, from, to));
    case frameTypes.pushPromise:
      return violation(errorCodes.protocolError, 'a PUSH_PROMISE, although pushes are off');
    default:
      return undefined; // PRIORITY, and types that nobody has to know (RFC 9113 section 5.5)
  }
}

function misframed({ type, streamId, from, to }: ControlFrame): Violation | undefined {
  const form = forms[type];
  if (form === undefined) return undefined;
  if (!form.hasSize(to - from)) return violation(errorCodes.frameSizeError, `a malformed ${form.name}`);
  if (form.belongsTo === 'either' || (form.belongsTo === 'stream') === (streamId !== 0)) return undefined;
  return violation(errorCodes.protocolError, `${form.name} on stream ${streamId}`);
}

function readGoaway(bytes: Buffer, from: number, to: number): Goaway {
  const code = bytes.readUInt32BE(from + 4);
  const debug = bytes.toString('latin1', from + 8, Math.min(to, from + 8 + 200));
  return {
    lastStreamId: readUint31(bytes, from),
    text: `GOAWAY, code ${code}${debug === '' ? '' : ` (${debug})`}`,
  };
}
