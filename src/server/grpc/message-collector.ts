import { grpcStatus } from '../../protocol/grpc-status.js';
import type { BodyRooms } from '../body-rooms.js';
import { messagePrefixBytes } from './message-prefix.js';
import type { GrpcStatus } from './status.js';

/** Room for a message is made when its length is known, up to this much; more is made as it comes. */
const largestFirstRoomBytes = 64 * 1024 * 1024;
/** When many messages are coming. */
const smallFirstRoomBytes = 64 * 1024;

/** A message as it came. */
export interface ReceivedMessage {
  readonly bytes: Buffer;
  readonly isCompressed: boolean;
  /** What the bytes lie in, if it goes back to the rooms once nobody looks at them. */
  readonly room: Buffer | undefined;
  /** What it has of the budget of decompressed messages, until it is released. */
  readonly budgetedBytes?: number;
}

/**
 * Puts the length-prefixed messages of one stream together (gRPC over HTTP/2, "Length-Prefixed-Message"), which may span
 * frames anywhere.
 */
export class MessageCollector {
  readonly #rooms: BodyRooms;
  readonly #maxBytes: number;
  readonly #prefix = Buffer.alloc(messagePrefixBytes);
  #prefixRead = 0;
  #size = 0;
  #filled = 0;
  #room: Buffer | undefined;
  #bytes: Buffer | undefined;
  /** What the rooms count as coming. */
  #expected = 0;
  /** Messages that are complete. */
  endedCount = 0;

  constructor(rooms: BodyRooms, maxBytes: number) {
    this.#rooms = rooms;
    this.#maxBytes = maxBytes;
  }

  /** A message has begun, but not ended. */
  get isCut(): boolean {
    return this.#bytes !== undefined || this.#prefixRead > 0;
  }

  /** Hands each message that ends in these bytes to `take`. Says what is wrong with one that cannot be taken, if any. */
  read(bytes: Buffer, from: number, to: number, take: (message: ReceivedMessage) => void): GrpcStatus | undefined {
    let at = from;
    while (at < to) {
      if (this.#bytes === undefined) {
        at = this.#readPrefix(bytes, at, to);
        if (this.#prefixRead < messagePrefixBytes) return undefined;
        this.#size = this.#prefix.readUInt32BE(1);
        const refusal = this.#refusal();
        if (refusal !== undefined) return refusal;
        this.#begin();
      }
      at = this.#fill(bytes, at, to);
      if (this.#filled === this.#size) take(this.#end());
    }
    return undefined;
  }

  /** What was collected is of no use. */
  drop(): void {
    this.#arrive();
    this.#rooms.giveBack(this.#room);
    this.#room = undefined;
    this.#bytes = undefined;
  }

  #readPrefix(bytes: Buffer, from: number, to: number): number {
    const taken = Math.min(to - from, messagePrefixBytes - this.#prefixRead);
    bytes.copy(this.#prefix, this.#prefixRead, from, from + taken);
    this.#prefixRead += taken;
    return from + taken;
  }

  #refusal(): GrpcStatus | undefined {
    const [compressedFlag = 0] = this.#prefix;
    if (compressedFlag > 1)
      return { code: grpcStatus.internal, details: `The compressed flag of a message is ${compressedFlag}` };
    if (this.#size <= this.#maxBytes) return undefined;
    const details = `Received message larger than max (${this.#size} vs. ${this.#maxBytes})`;
    return { code: grpcStatus.resourceExhausted, details };
  }

  #begin(): void {
    const size = Math.min(this.#size, largestFirstRoomBytes);
    const isExpected = this.#rooms.expect(size);
    this.#expected = isExpected ? size : 0;
    this.#room = isExpected ? this.#rooms.take(size) : undefined;
    this.#bytes = this.#room ?? Buffer.allocUnsafe(isExpected ? size : smallFirstRoomBytes);
    this.#filled = 0;
  }

  #arrive(): void {
    this.#rooms.arrived(this.#expected);
    this.#expected = 0;
  }

  #fill(bytes: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.#size - this.#filled);
    const missing = this.#filled + end - from;
    let room = this.#bytes ?? Buffer.alloc(0);
    if (missing > room.length) {
      const wider = Buffer.allocUnsafeSlow(Math.min(this.#size, Math.max(missing, 2 * room.length)));
      room.copy(wider, 0, 0, this.#filled);
      this.drop();
      this.#bytes = wider;
      room = wider;
    }
    bytes.copy(room, this.#filled, from, end);
    this.#filled = missing;
    return end;
  }

  #end(): ReceivedMessage {
    this.#arrive();
    const message = {
      bytes: this.#bytes ?? Buffer.alloc(0),
      isCompressed: this.#prefix[0] !== 0,
      room: this.#room,
    };
    this.#bytes = undefined;
    this.#room = undefined;
    this.#prefixRead = 0;
    this.endedCount++;
    return message;
  }
}
