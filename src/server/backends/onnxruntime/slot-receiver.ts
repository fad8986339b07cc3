import { messageOf } from '../../../core/perf-error.js';
import { aligned, type PlacedTensor } from '../../batching/gather-inputs.js';
import type { BatchOutput } from '../../batching/scatter-outputs.js';
import { type BatchSlots, slotState } from './batch-slots.js';
import { type BatchResult, type FromWorker, type RunMessage, wakeMessage } from './worker-messages.js';

/** What a run gave. */
export type BatchDone = Omit<Extract<BatchResult, { ok: true }>, 'ok'>;

export interface SlotReceiverOptions {
  readonly slots: BatchSlots;
  /** Runs the batch of a slot, which a message brought or which lies in the slot. May be called before it settled. */
  readonly run: (slot: number, message: RunMessage | undefined) => Promise<BatchDone>;
  readonly post: (message: FromWorker, transfer: ArrayBuffer[]) => void;
}

/** The end of `BatchSlots` that runs batches, in their order, and answers them. */
export class SlotReceiver {
  readonly #options: SlotReceiverOptions;
  readonly #messages: RunMessage[] = [];
  #next = 0;
  #running = 0;

  constructor(options: SlotReceiverOptions) {
    this.#options = options;
    options.slots.fallAsleep('worker-sleeps');
  }

  /** Begins with what is there. @param message that came; none when the other side said nothing but that it is so */
  take(message?: RunMessage): void {
    if (message !== undefined) this.#messages.push(message);
    this.#begin();
    if (this.#running > 0) return; // It looks again when they end.
    this.#options.slots.fallAsleep('worker-sleeps');
    this.#begin();
  }

  #begin(): void {
    const { slots } = this.#options;
    for (;;) {
      const state = slots.state(this.#next);
      const message = state === slotState.askedElsewhere ? this.#messages.shift() : undefined;
      if (state !== slotState.askedHere && message === undefined) return;
      slots.setState(this.#next, slotState.running);
      void this.#run(this.#next, message);
      this.#next = (this.#next + 1) % slots.count;
    }
  }

  /** Never rejects. */
  async #run(slot: number, message: RunMessage | undefined): Promise<void> {
    this.#running++;
    try {
      const done = await this.#options.run(slot, message);
      if (message !== undefined || !this.#answerHere(slot, done)) {
        this.#answerElsewhere(slot, { ok: true, ...done }, message);
      }
    } catch (thrown) {
      this.#answerElsewhere(slot, { ok: false, message: oneLine(thrown) }, message);
    }
    this.#running--;
    this.take();
  }

  /** Whether the outputs fit into the slot. */
  #answerHere(slot: number, { outputs, ...times }: BatchDone): boolean {
    const { slots, post } = this.#options;
    if (!slots.describe(slot, placed(outputs))) return false;
    const room = slots.room(slot);
    let offset = 0;
    for (const { data } of outputs) {
      room.set(data, offset);
      offset = aligned(offset + data.byteLength);
    }
    slots.setTimes(slot, times);
    slots.setState(slot, slotState.answeredHere);
    if (slots.mustWake('owner-sleeps')) post(wakeMessage, []);
    return true;
  }

  #answerElsewhere(slot: number, result: BatchResult, message: RunMessage | undefined): void {
    const { slots, post } = this.#options;
    const buffer = message?.buffer;
    const transfer = new Set(buffer === undefined ? [] : [buffer]);
    for (const { data } of result.ok ? result.outputs : []) if (ownsItsBuffer(data)) transfer.add(data.buffer);
    slots.setState(slot, slotState.answeredElsewhere);
    slots.mustWake('owner-sleeps'); // As this message does.
    post({ kind: 'answer', slot, result, buffer }, [...transfer]);
  }
}

/** One behind the other. */
function placed(outputs: readonly BatchOutput[]): PlacedTensor[] {
  let byteOffset = 0;
  return outputs.map(({ shape, data: { byteLength } }) => {
    const tensor = { shape, byteOffset, byteLength };
    byteOffset = aligned(byteOffset + byteLength);
    return tensor;
  });
}

/** Packed strings may lie in Node's buffer pool, which cannot be given away. */
const ownsItsBuffer = (data: Uint8Array): data is Uint8Array<ArrayBuffer> =>
  data.byteLength > 0 && data.byteLength === data.buffer.byteLength;

/** A failure as its message says it. */
export const oneLine = (thrown: unknown): string => messageOf(thrown).replace(/\s+/g, ' ').trim();
