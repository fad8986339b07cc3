import type { PlacedTensor } from '../../batching/gather-inputs.js';

/** More than an instance is handed ahead (`scheduling/stations`). */
const slotCount = 40;
const headBytes = 512;
const slotBytes = 8192;
/** What the tensors of a batch may take to travel in a slot. */
const roomBytes = slotBytes - headBytes;

/** At the front of the memory, before the slots. */
const commonBytes = 64;
const flagWords = { 'worker-sleeps': 0, 'owner-sleeps': 1 } as const;

/** Words of a slot's head. The times are two float64. */
const stateWord = 0;
const timesWord = 2;
const tensorsWord = 6;
/** Of a tensor, before its dimensions. */
const wordsPerTensor = 3;
const mostWords = headBytes / 4;
const largestWord = 0x7fff_ffff;

/** Where a slot is on its way: `Here` means that its tensors are in it, `Elsewhere` that a message has them. */
export const slotState = {
  free: 0,
  askedHere: 1,
  askedElsewhere: 2,
  running: 3,
  answeredHere: 4,
  answeredElsewhere: 5,
} as const;

type SlotState = (typeof slotState)[keyof typeof slotState];

/** Who waits for a message, since it found nothing to do. */
type Sleeper = keyof typeof flagWords;

/**
 * Memory that an instance's thread shares with the one that does I/O. Batches take the slots in turn, and each is answered in its
 * slot. Small tensors travel in it: to clone a message and to give its buffers away costs several times what a small model
 * computes. What does not fit travels in a message, and its slot says so; so all batches keep their order.
 */
export class BatchSlots {
  readonly count = slotCount;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #rooms: readonly Uint8Array[];

  constructor(shared: SharedArrayBuffer) {
    this.#words = new Int32Array(shared);
    this.#floats = new Float64Array(shared);
    this.#rooms = Array.from(
      { length: slotCount },
      (_, slot) => new Uint8Array(shared, commonBytes + slot * slotBytes + headBytes, roomBytes),
    );
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(commonBytes + slotCount * slotBytes);
  }

  state(slot: number): SlotState {
    return Atomics.load(this.#words, wordOf(slot) + stateWord) as SlotState;
  }

  /** What was written to the slot before is seen by whoever sees the state. */
  setState(slot: number, state: SlotState): void {
    Atomics.store(this.#words, wordOf(slot) + stateWord, state);
  }

  /** Where the tensors of a slot lie. */
  room(slot: number): Uint8Array {
    return this.#rooms[slot] ?? new Uint8Array(0);
  }

  /** Notes which tensors lie in the room. False when they do not, or cannot be described. */
  describe(slot: number, tensors: readonly PlacedTensor[]): boolean {
    const words = this.#words;
    const first = wordOf(slot) + tensorsWord;
    const end = wordOf(slot) + mostWords;
    let at = first + 1;
    for (const { shape, byteOffset, byteLength } of tensors) {
      if (at + wordsPerTensor + shape.length > end || byteOffset + byteLength > roomBytes) return false;
      words[at++] = byteOffset;
      words[at++] = byteLength;
      words[at++] = shape.length;
      for (const dim of shape) {
        if (dim > largestWord) return false;
        words[at++] = dim;
      }
    }
    words[first] = tensors.length;
    return true;
  }

  /** What `describe` noted. */
  tensors(slot: number): PlacedTensor[] {
    const words = this.#words;
    const next = (): number => words[at++] ?? 0;
    let at = wordOf(slot) + tensorsWord;
    const tensors: PlacedTensor[] = [];
    for (let left = next(); left > 0; left--) {
      const [byteOffset, byteLength, rank] = [next(), next(), next()];
      tensors.push({ shape: Array.from({ length: rank }, next), byteOffset, byteLength });
    }
    return tensors;
  }

  /** Whether `describe` noted just these. */
  holds(slot: number, tensors: readonly PlacedTensor[]): boolean {
    const words = this.#words;
    let at = wordOf(slot) + tensorsWord;
    if (words[at++] !== tensors.length) return false;
    for (const { shape, byteOffset, byteLength } of tensors) {
      if (words[at++] !== byteOffset || words[at++] !== byteLength || words[at++] !== shape.length) return false;
      for (const dim of shape) if (words[at++] !== dim) return false;
    }
    return true;
  }

  /** Monotonic nanoseconds, same origin in every thread. */
  setTimes(slot: number, { computeStart, computeEnd }: ComputeTimes): void {
    const at = (wordOf(slot) + timesWord) / 2;
    this.#floats[at] = computeStart;
    this.#floats[at + 1] = computeEnd;
  }

  times(slot: number): ComputeTimes {
    const at = (wordOf(slot) + timesWord) / 2;
    return { computeStart: this.#floats[at] ?? 0, computeEnd: this.#floats[at + 1] ?? 0 };
  }

  /** Says that one side has nothing to do. It must look once more then: what came before nobody will tell. */
  fallAsleep(who: Sleeper): void {
    Atomics.store(this.#words, flagWords[who], 1);
  }

  /** Whether the other side has to be told, by a message; at most one says so after it fell asleep. */
  mustWake(who: Sleeper): boolean {
    return Atomics.exchange(this.#words, flagWords[who], 0) === 1;
  }
}

export interface ComputeTimes {
  readonly computeStart: number;
  readonly computeEnd: number;
}

const wordOf = (slot: number): number => (commonBytes + slot * slotBytes) / 4;
