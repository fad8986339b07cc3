import test from 'ava';
import { seededUint32 } from '../../../../src/core/random.js';
import type { Batch } from '../../../../src/server/backends/backend.js';
import { BatchSlots } from '../../../../src/server/backends/onnxruntime/batch-slots.js';
import { type BatchDone, SlotReceiver } from '../../../../src/server/backends/onnxruntime/slot-receiver.js';
import { type BatchEnd, SlotSender } from '../../../../src/server/backends/onnxruntime/slot-sender.js';
import type { RunMessage } from '../../../../src/server/backends/onnxruntime/worker-messages.js';
import type { TensorPlan } from '../../../../src/server/config/tensor-plan.js';

const dims = [-1];
const tensor = { name: 'X', datatype: 'UINT8', dims, modelDims: dims } as const;

const newPlan = (): TensorPlan => ({
  modelName: 'm',
  maxBatchSize: 0,
  inputs: [tensor, tensor],
  outputs: [tensor, tensor],
  inputIndex: new Map(),
  outputIndex: new Map(),
  hasVariableInput: true,
});

const batchOf = (plan: TensorPlan, ...inputs: Uint8Array[]): Batch => ({
  plan,
  requests: [
    { inputs: inputs.map((data) => ({ name: 'X', datatype: 'UINT8', shape: [data.length], data })), batchSize: 1 },
  ],
});

/** A model that gives its inputs back, after so many turns of the event loop; it fails for a first byte of 255. */
function echo(slots: BatchSlots, turns: () => number) {
  return async (slot: number, message: RunMessage | undefined): Promise<BatchDone> => {
    const room = message === undefined ? slots.room(slot) : new Uint8Array(message.buffer);
    const inputs = message?.inputs ?? slots.tensors(slot);
    const outputs = inputs.map(({ shape, byteOffset, byteLength }) => ({
      shape,
      data: Uint8Array.from(room.subarray(byteOffset, byteOffset + byteLength)),
    }));
    for (let left = turns(); left > 0; left--) await new Promise(setImmediate);
    if (outputs[0]?.data[0] === 255) throw new Error('no\n memory');
    return { computeStart: slot, computeEnd: slot + 0.5, outputs };
  };
}

/** Both ends, on one thread; messages take a turn of the event loop, as between threads. */
function connect(turns: () => number) {
  const slots = new BatchSlots(BatchSlots.allocate());
  const ends: BatchEnd[] = [];
  const counts = { toWorker: 0, fromWorker: 0 };
  const sender: SlotSender = new SlotSender({
    slots,
    post: (message, transfer) => {
      counts.toWorker++;
      const sent = structuredClone(message, { transfer });
      setImmediate(() => receiver.take(sent.kind === 'run' ? sent : undefined));
    },
    onEnd: (end) => ends.push(end),
  });
  const receiver = new SlotReceiver({
    slots,
    run: echo(slots, turns),
    post: (message, transfer) => {
      counts.fromWorker++;
      const sent = structuredClone(message, { transfer });
      setImmediate(() => sender.take(sent.kind === 'answer' ? sent : undefined));
    },
  });
  return { sender, ends, counts };
}

const shown = ({ id, result }: BatchEnd) => [
  id,
  result.ok ? result.outputs.map(({ shape, data }) => [shape, Buffer.from(data).toString('hex')]) : result.message,
];

test('batches of all sizes end in their order with their own outputs, one at a time or more than there are slots', async (t) => {
  const random = seededUint32(7);
  const below = (limit: number) => random() % limit;
  const { sender, ends } = connect(() => below(3));
  const expected: unknown[] = [];
  let plan = newPlan();
  for (let id = 0; id < 600; id++) {
    if (below(50) === 0) plan = newPlan();
    const sizes = [0, 1, 63, 64, 65, 3000, 7600, 7700, 20_000];
    const inputs = [0, 1].map(() => Uint8Array.from({ length: sizes[below(sizes.length)] ?? 0 }, () => below(256)));
    sender.send({ id, batch: batchOf(plan, ...inputs) });
    const outputs = inputs.map((data) => [[data.length], Buffer.from(data).toString('hex')]);
    expected.push([id, inputs[0]?.[0] === 255 ? 'no memory' : outputs]);
    if (below(100) > 0) continue;
    while (ends.length <= id) await new Promise(setImmediate);
  }
  while (ends.length < expected.length) await new Promise(setImmediate);
  t.deepEqual(ends.map(shown), expected);
  t.true(ends.some(({ result }) => !result.ok));
});

test('small batches need no message of their own while both sides are awake', async (t) => {
  const { sender, ends, counts } = connect(() => 1);
  const plan = newPlan();
  const small = () => batchOf(plan, Uint8Array.of(1), Uint8Array.of(2));
  for (let id = 0; id < 30; id++) sender.send({ id, batch: small() });
  while (ends.length < 30) await new Promise(setImmediate);
  t.deepEqual(counts, { toWorker: 1, fromWorker: 1 }); // The first one brings the names along.
  t.deepEqual(
    ends.map(({ result }) => result.ok && result.computeEnd - result.computeStart),
    ends.map(() => 0.5),
  );
});

test('a batch that its slot cannot describe travels in a message', async (t) => {
  const { sender, ends } = connect(() => 0);
  const plan = newPlan();
  const requests = [[1], [2 ** 40, 0], new Array<number>(120).fill(1)].map((shape) => ({
    inputs: [0, 1].map(
      () => ({ name: 'X', datatype: 'UINT8', shape, data: new Uint8Array(shape[1] === 0 ? 0 : 1) }) as const,
    ),
    batchSize: 1,
  }));
  requests.forEach((request, id) => void sender.send({ id, batch: { plan, requests: [request] } }));
  while (ends.length < requests.length) await new Promise(setImmediate);
  t.deepEqual(
    ends.map(({ result }) => result.ok && result.outputs.map(({ shape }) => shape)),
    requests.map(({ inputs }) => inputs.map(({ shape }) => shape)),
  );
});
