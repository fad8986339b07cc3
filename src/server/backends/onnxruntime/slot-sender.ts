import { gatherInputs, type PlacedTensor } from '../../batching/gather-inputs.js';
import type { BatchOutput } from '../../batching/scatter-outputs.js';
import { SpareBuffers } from '../../batching/spare-buffers.js';
import type { TensorPlan } from '../../config/tensor-plan.js';
import type { Batch } from '../backend.js';
import { type BatchSlots, slotState } from './batch-slots.js';
import { ortTypeOf } from './element-types.js';
import { type AnswerMessage, type BatchResult, type Binding, type ToWorker, wakeMessage } from './worker-messages.js';

/** A batch for an instance's thread. */
export interface BatchRun {
  /** Given back with the result. */
  readonly id: number;
  readonly batch: Batch;
}

/** What became of the batch with this number. */
export interface BatchEnd {
  readonly id: number;
  readonly result: BatchResult;
}

export interface SlotSenderOptions {
  readonly slots: BatchSlots;
  readonly post: (message: ToWorker, transfer: ArrayBuffer[]) => void;
  readonly onEnd: (end: BatchEnd) => void;
}

/** The end of `BatchSlots` that hands batches over, in their order, and takes their results, in the same order. */
export class SlotSender {
  readonly #options: SlotSenderOptions;
  readonly #spare = new SpareBuffers();
  /** Handed over and not answered; the first one has slot `#oldest`. */
  readonly #sent: BatchRun[] = [];
  /** For which there is no slot. */
  readonly #held: BatchRun[] = [];
  /** Results that came in messages, by slot. */
  readonly #arrived = new Map<number, AnswerMessage>();
  #oldest = 0;
  #boundPlan: TensorPlan | undefined;

  constructor(options: SlotSenderOptions) {
    this.#options = options;
    options.slots.fallAsleep('owner-sleeps');
  }

  send(run: BatchRun): void {
    if (this.#sent.length < this.#options.slots.count) this.#send(run);
    else this.#held.push(run);
  }

  /** Takes the results that are there. @param message that came; none when the thread said nothing but that it is so */
  take(message?: AnswerMessage): void {
    if (message !== undefined) this.#arrived.set(message.slot, message);
    const { slots } = this.#options;
    this.#takeAll();
    slots.fallAsleep('owner-sleeps');
    this.#takeAll();
  }

  #takeAll(): void {
    let result = this.#nextResult();
    while (result !== undefined) {
      const run = this.#sent.shift();
      this.#oldest = (this.#oldest + 1) % this.#options.slots.count;
      const held = this.#held.shift();
      if (held !== undefined) this.#send(held);
      if (run !== undefined) this.#options.onEnd({ id: run.id, result });
      result = this.#nextResult();
    }
  }

  #nextResult(): BatchResult | undefined {
    const { slots } = this.#options;
    const slot = this.#oldest;
    const state = slots.state(slot);
    if (state === slotState.answeredHere) {
      const result: BatchResult = { ok: true, ...slots.times(slot), outputs: outputsIn(slots, slot) };
      slots.setState(slot, slotState.free);
      return result;
    }
    const message = state === slotState.answeredElsewhere ? this.#arrived.get(slot) : undefined;
    if (message === undefined) return undefined;
    this.#arrived.delete(slot);
    slots.setState(slot, slotState.free);
    if (message.buffer !== undefined) this.#spare.giveBack(message.buffer);
    return message.result;
  }

  #send(run: BatchRun): void {
    const { slots, post } = this.#options;
    const slot = (this.#oldest + this.#sent.length) % slots.count;
    const own = slots.room(slot);
    const { plan } = run.batch;
    const isBound = plan === this.#boundPlan;
    const binding = isBound ? undefined : bindingOf(plan);
    const { room, inputs } = gatherInputs(run.batch, (byteLength) =>
      isBound && byteLength <= own.length ? own : new Uint8Array(this.#spare.take(byteLength)),
    );
    this.#sent.push(run);
    if (room === own && slots.describe(slot, inputs)) {
      slots.setState(slot, slotState.askedHere);
      if (slots.mustWake('worker-sleeps')) post(wakeMessage, []);
      return;
    }
    slots.setState(slot, slotState.askedElsewhere);
    const buffer = room === own ? this.#copyOf(room, inputs) : (room.buffer as ArrayBuffer);
    slots.mustWake('worker-sleeps'); // As this message does.
    post({ kind: 'run', binding, buffer, inputs }, [buffer]);
    this.#boundPlan = plan;
  }

  /** Of tensors that a slot's room could hold, and its head not. */
  #copyOf(room: Uint8Array, inputs: readonly PlacedTensor[]): ArrayBuffer {
    const size = Math.max(0, ...inputs.map(({ byteOffset, byteLength }) => byteOffset + byteLength));
    const buffer = this.#spare.take(size);
    new Uint8Array(buffer).set(room.subarray(0, size));
    return buffer;
  }
}

/** Copies: the next batch has the slot at once. */
function outputsIn(slots: BatchSlots, slot: number): BatchOutput[] {
  const tensors = slots.tensors(slot);
  const last = tensors.at(-1);
  const size = last === undefined ? 0 : last.byteOffset + last.byteLength;
  const data = Buffer.allocUnsafe(size);
  data.set(slots.room(slot).subarray(0, size));
  return tensors.map(({ shape, byteOffset, byteLength }) => ({
    shape,
    data: data.subarray(byteOffset, byteOffset + byteLength),
  }));
}

const bindingOf = (plan: TensorPlan): Binding => ({
  inputs: plan.inputs.map(({ name, datatype }) => ({ name, ortType: ortTypeOf(datatype) })),
  outputs: plan.outputs.map(({ name }) => name),
});
