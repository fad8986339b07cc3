import type { OrtPackage, OrtSession, OrtTensor } from '../../../onnx/runtime/ort-package.js';
import type { PlacedTensor } from '../../batching/gather-inputs.js';
import type { BatchOutput } from '../../batching/scatter-outputs.js';
import { monotonicNow } from '../../server-clock.js';
import type { BatchSlots } from './batch-slots.js';
import { toOrtData, toRawData } from './element-types.js';
import type { BatchDone } from './slot-receiver.js';
import type { Binding, RunMessage } from './worker-messages.js';

export interface SessionRunnerOptions {
  readonly ort: OrtPackage;
  readonly session: OrtSession;
  readonly slots: BatchSlots;
}

type Feeds = Record<string, OrtTensor>;

/** What a slot's last batch was fed with; the next one has most often tensors of the same shapes. */
interface Prepared {
  readonly binding: Binding;
  readonly inputs: readonly PlacedTensor[];
  /** ONNX Runtime takes no tensors in shared memory. */
  readonly buffer: ArrayBuffer;
  readonly feeds: Feeds;
}

/** Runs the batches of an instance. `session.run` computes one after the other, however many are begun. */
export class SessionRunner {
  readonly #options: SessionRunnerOptions;
  readonly #prepared: (Prepared | undefined)[] = [];
  #binding: Binding = { inputs: [], outputs: [] };
  #lastComputeEnd = 0;

  constructor(options: SessionRunnerOptions) {
    this.#options = options;
  }

  /** Runs the batch of a slot, which a message brought or which lies in the slot. Rejects with what the model says. */
  async run(slot: number, message: RunMessage | undefined): Promise<BatchDone> {
    if (message?.binding !== undefined) this.#binding = message.binding;
    const binding = this.#binding;
    const feeds = message === undefined ? this.#feedsIn(slot) : this.#feedsOf(message.buffer, message.inputs);
    const asked = monotonicNow();
    const results = await this.#options.session.run(feeds, binding.outputs);
    const computeStart = Math.max(asked, this.#lastComputeEnd); // It waits for the batches in front of it.
    const computeEnd = monotonicNow();
    this.#lastComputeEnd = computeEnd;
    const outputs = binding.outputs.map((name): BatchOutput => {
      const tensor = results[name];
      if (tensor === undefined) throw new Error(`the model gave no output '${name}'`);
      return { shape: tensor.dims, data: toRawData(tensor.data) };
    });
    return { computeStart, computeEnd, outputs };
  }

  #feedsIn(slot: number): Feeds {
    const { slots } = this.#options;
    const room = slots.room(slot);
    const before = this.#prepared[slot];
    if (before?.binding === this.#binding && slots.holds(slot, before.inputs)) {
      new Uint8Array(before.buffer).set(room.subarray(0, before.buffer.byteLength));
      return before.feeds;
    }
    const inputs = slots.tensors(slot);
    const size = Math.max(0, ...inputs.map(({ byteOffset, byteLength }) => byteOffset + byteLength));
    const buffer = new ArrayBuffer(size);
    new Uint8Array(buffer).set(room.subarray(0, size));
    const feeds = this.#feedsOf(buffer, inputs);
    const isText = this.#binding.inputs.some(({ ortType }) => ortType === 'string');
    this.#prepared[slot] = isText ? undefined : { binding: this.#binding, inputs, buffer, feeds };
    return feeds;
  }

  #feedsOf(buffer: ArrayBuffer, inputs: readonly PlacedTensor[]): Feeds {
    const { ort } = this.#options;
    const feeds: Feeds = Object.create(null);
    this.#binding.inputs.forEach(({ name, ortType }, index) => {
      const input = inputs[index];
      if (input === undefined) return;
      const { byteOffset, byteLength } = input;
      feeds[name] = new ort.Tensor(ortType, toOrtData(ortType, { buffer, byteOffset, byteLength }), input.shape);
    });
    return feeds;
  }
}
