/** Frame types (RFC 9113 section 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags (RFC 9113 section 6); which ones a frame may have depends on its type. */
export const flags = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** Settings (RFC 9113 section 6.5.2). */
export const settingIds = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const;

/** Error codes (RFC 9113 section 7). */
export const errorCodes = {
  noError: 0,
  protocolError: 1,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
} as const;

export const frameHeadBytes = 9;
/** The largest payload until a peer allows more; we never do. */
export const defaultMaxFrameBytes = 16_384;
export const defaultWindowBytes = 65_535;
export const largestWindowBytes = 0x7fffffff;
/** Where the stream's id stands in a frame's head. */
export const streamIdOffset = 5;

/** Writes the head of a frame (RFC 9113 section 4.1); the position after it. */
export function writeFrameHead(
  bytes: Buffer,
  at: number,
  { length, type, flags, streamId }: { length: number; type: number; flags: number; streamId: number },
): number {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  return writeUint32(bytes, at + streamIdOffset, streamId);
}

export function writeUint32(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** An unsigned integer of 31 bits; the reserved bit is dropped. */
export const readUint31 = (bytes: Buffer, at: number): number =>
  (((bytes[at] ?? 0) & 0x7f) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);

/** A whole frame. */
export function frame(type: number, frameFlags: number, streamId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(frameHeadBytes + payload.length);
  bytes.set(payload, writeFrameHead(bytes, 0, { length: payload.length, type, flags: frameFlags, streamId }));
  return bytes;
}
