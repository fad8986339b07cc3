import type { Clock } from '../../../core/clock.js';
import type { Tensor } from '../../../protocol/tensor.js';
import type { Batch, ExecutableRequest, Execution, ModelGraph, ModelInstance } from '../../backends/backend.js';
import { isAbsent } from '../../config/absent-tensor.js';
import { controlTensors, type SequencePlan, zeroData } from '../../config/sequence-plan.js';
import type { SequenceMark } from '../../read-sequence.js';
import type { RefusalError } from '../../refusal.js';
import type { Sequence } from './sequence.js';
import type { SequenceQueue, SequenceStep } from './sequence-queue.js';

export interface SequenceInstanceOptions {
  readonly plan: SequencePlan;
  /** What the instance runs is what this queue gave last. */
  readonly queue: SequenceQueue;
  /** Whether each sequence keeps its row of the batch: slots without a request run along and are marked not ready. */
  readonly keepsRows: boolean;
  /** Each request is a sequence of its own, which ends when the model does not ask to run it again. */
  readonly isIterative: boolean;
  readonly clock: Clock;
}

/**
 * An instance that runs steps of sequences: it adds control tensors and states to what clients sent, and keeps the new
 * states to itself. A step that fails leaves its sequence's states as they were.
 */
export class SequenceInstance implements ModelInstance {
  readonly #inner: ModelInstance;
  readonly #options: SequenceInstanceOptions;

  constructor(inner: ModelInstance, options: SequenceInstanceOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  get name(): string {
    return this.#inner.name;
  }

  get graph(): ModelGraph | undefined {
    return this.#inner.graph;
  }

  get recovery(): Promise<void> | undefined {
    return this.#inner.recovery;
  }

  async execute({ plan }: Batch): Promise<Execution> {
    const { queue, clock } = this.#options;
    const steps = queue.running;
    const again = new Set<SequenceStep>();
    try {
      const rows = this.#rowsOf(steps);
      const execution = await this.#inner.execute({ plan, requests: rows.map(({ request }) => request) });
      const outputs: (readonly Tensor[])[] = [];
      const failures = new Map<number, RefusalError>();
      rows.forEach(({ step }, row) => {
        if (step === undefined) return;
        const failure = execution.failures?.get(row);
        if (failure !== undefined) failures.set(outputs.length, failure);
        if (execution.rescheduled?.has(row)) again.add(step);
        outputs.push(failure === undefined ? this.#keepStates(step, execution.outputs[row] ?? []) : []);
      });
      const ends = rows.flatMap(({ step }, row) => (step === undefined ? [] : (execution.ends?.[row] ?? [])));
      const rescheduled = new Set([...again].map((step) => steps.indexOf(step)));
      return { ...execution, outputs, failures, rescheduled, ...(execution.ends === undefined ? {} : { ends }) };
    } finally {
      if (this.#options.isIterative) for (const step of steps) this.#goOn(step, again.has(step));
      queue.complete(clock.now());
    }
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#inner[Symbol.asyncDispose]();
  }

  /** Queues a step once more, or ends its sequence. */
  #goOn({ request, sequence }: SequenceStep, isAgain: boolean): void {
    const { queue } = this.#options;
    if (!isAgain || request.sequence === undefined || !sequence.isOpen) {
      queue.close(sequence);
      return;
    }
    request.sequence = { ...request.sequence, isStart: false };
    queue.push(request);
  }

  /** The rows of the batch; those that are there for their slot alone have no step. */
  #rowsOf(steps: readonly SequenceStep[]): { readonly request: ExecutableRequest; readonly step?: SequenceStep }[] {
    const rows = steps.map((step) => ({ request: this.#requestOf(step), step }));
    const [first] = rows;
    if (!this.#options.keepsRows || first === undefined) return rows;
    const notReady = this.#notReadyLike(first.request);
    const bySlot = new Map(rows.map((row) => [row.step.slot, row]));
    const last = Math.max(...bySlot.keys());
    return Array.from({ length: last + 1 }, (_, slot) => bySlot.get(slot) ?? { request: notReady });
  }

  #requestOf({ sequence, request }: SequenceStep): ExecutableRequest {
    const { plan } = this.#options;
    const controls = controlTensors(plan, request.sequence);
    const states = statesBefore(plan, sequence, request.sequence);
    const { origin, respond, signal } = request;
    return { inputs: [...request.inputs, ...controls, ...states], batchSize: 1, origin, respond, signal };
  }

  /** Zeros of the same shapes, whose controls say that they mean nothing. */
  #notReadyLike({ inputs }: ExecutableRequest): ExecutableRequest {
    const { plan } = this.#options;
    const controls = new Map(controlTensors(plan, undefined).map((tensor) => [tensor.name, tensor]));
    const zeros = (tensor: Tensor) =>
      isAbsent(tensor) ? tensor : { ...tensor, data: zeroData(tensor.datatype, tensor.shape) };
    return { inputs: inputs.map((tensor) => controls.get(tensor.name) ?? zeros(tensor)), batchSize: 1 };
  }

  /** What the client gets of a row; the rest is kept for the next step. */
  #keepStates({ sequence }: SequenceStep, outputs: readonly Tensor[]): readonly Tensor[] {
    const { states, clientOutputs } = this.#options.plan;
    sequence.states = states.map(({ input, output, initial }, index): Tensor => {
      const given = outputs[output];
      const isKept = given === undefined || isAbsent(given);
      const { shape, data } = isKept ? (sequence.states?.[index] ?? initial) : given;
      return { name: input.name, datatype: input.datatype, shape, data: alone(data) };
    });
    return outputs.slice(0, clientOutputs);
  }
}

/** A state lives long: it must not hold the memory of the whole batch. */
const alone = (data: Uint8Array): Uint8Array =>
  data.byteLength === data.buffer.byteLength ? data : new Uint8Array(data);

/** The states that a step begins with. */
export function statesBefore(
  plan: SequencePlan,
  sequence: Sequence,
  mark: SequenceMark | undefined,
): readonly Tensor[] {
  if (mark?.isStart !== true && sequence.states !== undefined) return sequence.states;
  return plan.states.map(({ initial }) => initial);
}
