import { type Nanoseconds, ns } from '../../../src/core/units.js';
import { largestWindowBytes } from '../../../src/http2/frame.js';

/** A request that is to be sent, or sent again. */
export interface PendingCall {
  readonly request: number;
  readonly token: number;
  readonly sentAt: Nanoseconds;
  /** How often the server said that it had not looked at it. */
  readonly attempts: number;
}

const none = -1;

/**
 * The open streams of one connection, in arrays, one slot each. The slot of a stream is its number modulo the size of
 * the table; an id whose slot is still taken by a slow stream is skipped, which HTTP/2 allows (RFC 9113 section 5.1.1).
 * So a stream is found by arithmetic, and no request leaves an object behind.
 */
export class StreamTable {
  readonly size: number;
  /** 0 = free. */
  readonly ids: Int32Array;
  readonly tokens: Float64Array;
  readonly requests: Int32Array;
  readonly attempts: Uint8Array;
  readonly sentAt: Float64Array;
  /** 0 = no frame of the answer yet. */
  readonly firstAt: Float64Array;
  /** What the peer still lets us send on the stream; may be negative (RFC 9113 section 6.9.2). */
  readonly sendWindow: Int32Array;
  /** How much of the request's message has been sent. */
  readonly sentBytes: Float64Array;
  /** All of the request has been sent. */
  readonly isSent: Uint8Array;
  /** Received, but not yet given back to the peer as window. */
  readonly receivedBytes: Float64Array;
  /** 0 = no header block yet. */
  readonly httpStatus: Uint16Array;
  /** A request is in flight on the stream; always, but for streams that carry one request after the other. */
  readonly isBusy: Uint8Array;
  /** What the request is called in its message, where it has a name. */
  readonly requestIds: Uint32Array;
  open = 0;
  private readonly mask: number;
  private nextId: number;
  private nextRequestId = 1;

  /** @param capacity how many streams are open at a time, at most; the table is four times as large */
  constructor(capacity: number, firstId = 1) {
    this.size = 2 ** Math.ceil(Math.log2(Math.max(16, 4 * capacity)));
    this.mask = this.size - 1;
    this.nextId = firstId;
    this.ids = new Int32Array(this.size);
    this.tokens = new Float64Array(this.size);
    this.requests = new Int32Array(this.size);
    this.attempts = new Uint8Array(this.size);
    this.sentAt = new Float64Array(this.size);
    this.firstAt = new Float64Array(this.size);
    this.sendWindow = new Int32Array(this.size);
    this.sentBytes = new Float64Array(this.size);
    this.isSent = new Uint8Array(this.size);
    this.receivedBytes = new Float64Array(this.size);
    this.httpStatus = new Uint16Array(this.size);
    this.isBusy = new Uint8Array(this.size);
    this.requestIds = new Uint32Array(this.size);
  }

  /** No further stream can be opened on this connection. */
  get isExhausted(): boolean {
    return this.nextId > largestWindowBytes - 2 * this.size;
  }

  /** Opens a stream; its slot. There must be room. */
  take(request: number, token: number, sentAt: Nanoseconds, attempts: number): number {
    let id = this.nextId;
    while (this.ids[(id >> 1) & this.mask] !== 0) id += 2;
    this.nextId = id + 2;
    const slot = (id >> 1) & this.mask;
    this.ids[slot] = id;
    this.receivedBytes[slot] = 0;
    this.httpStatus[slot] = 0;
    this.open++;
    this.reuse(slot, request, token, sentAt, attempts);
    return slot;
  }

  /** Puts the next request on an open stream. */
  reuse(slot: number, request: number, token: number, sentAt: Nanoseconds, attempts: number): void {
    this.tokens[slot] = token;
    this.requests[slot] = request;
    this.attempts[slot] = attempts;
    this.sentAt[slot] = sentAt;
    this.firstAt[slot] = 0;
    this.sentBytes[slot] = 0;
    this.isSent[slot] = 0;
    this.isBusy[slot] = 1;
    this.requestIds[slot] = this.nextRequestId++;
  }

  /** The slot of an open stream, or -1. */
  slotOf(id: number): number {
    const slot = (id >> 1) & this.mask;
    return this.ids[slot] === id ? slot : none;
  }

  release(slot: number): void {
    this.ids[slot] = 0;
    this.open--;
  }

  /** Whether `id` has never been used: a peer must not speak of it. */
  isIdle(id: number): boolean {
    return id >= this.nextId;
  }

  callIn(slot: number): PendingCall {
    return {
      request: this.requests[slot] ?? 0,
      token: this.tokens[slot] ?? 0,
      sentAt: ns(this.sentAt[slot] ?? 0),
      attempts: this.attempts[slot] ?? 0,
    };
  }

  /** The open slots at this moment, which may change while they are looked at. */
  openSlots(): number[] {
    const slots: number[] = [];
    for (let slot = 0; slot < this.size; slot++) if (this.ids[slot] !== 0) slots.push(slot);
    return slots;
  }

  /** Those with a request in flight. */
  busySlots(): number[] {
    return this.openSlots().filter((slot) => this.isBusy[slot] === 1);
  }
}
