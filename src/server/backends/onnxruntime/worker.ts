import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../core/perf-error.js';
import type { OrtPackage, OrtSession, OrtTensor, OrtValueMetadata } from '../../../onnx/runtime/ort-package.js';
import type { BatchOutput } from '../../batching/scatter-outputs.js';
import { monotonicNow } from '../../server-clock.js';
import type { GraphTensor, InitialTensor } from '../backend.js';
import { datatypeOf, toOrtData, toRawData } from './element-types.js';
import { withTrueInputs } from './overridable-inputs.js';
import type { BindMessage, FromWorker, RunMessage, ToWorker, WorkerStart } from './worker-messages.js';
import { yieldToIo } from './yield-to-io.js';

/**
 * The thread of one model instance: one ONNX Runtime session, one batch at a time. `session.run` computes on the
 * thread that calls it, whatever its promise suggests, and that must not be the thread that serves I/O.
 */

const { packagePath, modelPath, optionalInputs, options }: WorkerStart = workerData;
let lastComputeEnd = 0;
let binding: BindMessage = { kind: 'bind', inputs: [], outputs: [] };

const reply = (message: FromWorker, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(message, transfer);

function toGraphTensor(value: OrtValueMetadata): GraphTensor {
  if (!value.isTensor || value.type === undefined) throw new Error(`'${value.name}' is not a tensor: not supported`);
  const shape = (value.shape ?? []).map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name: value.name, datatype: datatypeOf(value.type), shape };
}

const withInitial = (tensor: GraphTensor, initial: InitialTensor | undefined): GraphTensor =>
  initial === undefined ? tensor : { ...tensor, initial };

function feedsOf(ort: OrtPackage, { buffer, inputs }: RunMessage): Record<string, OrtTensor> {
  const feeds: Record<string, OrtTensor> = Object.create(null);
  binding.inputs.forEach(({ name, ortType }, index) => {
    const input = inputs[index];
    if (input === undefined) return;
    const { byteOffset, byteLength } = input;
    feeds[name] = new ort.Tensor(ortType, toOrtData(ortType, { buffer, byteOffset, byteLength }), input.shape);
  });
  return feeds;
}

async function run(ort: OrtPackage, session: OrtSession, message: RunMessage): Promise<void> {
  const feeds = feedsOf(ort, message);
  const asked = monotonicNow();
  const results = await session.run(feeds, binding.outputs);
  const computeStart = Math.max(asked, lastComputeEnd); // It waits for the batches in front of it.
  const computeEnd = monotonicNow();
  lastComputeEnd = computeEnd;
  const outputs: BatchOutput[] = [];
  const { buffer, id } = message;
  const transfer = new Set([buffer]);
  for (const name of binding.outputs) {
    const tensor = results[name];
    if (tensor === undefined) throw new Error(`the model gave no output '${name}'`);
    const data = toRawData(tensor.data);
    outputs.push({ shape: tensor.dims, data });
    if (ownsItsBuffer(data)) transfer.add(data.buffer);
  }
  reply({ kind: 'done', id, computeStart, computeEnd, outputs, buffer }, [...transfer]);
}

function giveUp(thrown: unknown, { buffer, id }: RunMessage): void {
  reply({ kind: 'failed', message: oneLine(thrown), id, buffer }, [buffer]);
}

/** Packed strings may lie in Node's buffer pool, which cannot be given away. */
const ownsItsBuffer = (data: Uint8Array): boolean => data.byteLength > 0 && data.byteLength === data.buffer.byteLength;

const oneLine = (thrown: unknown): string => messageOf(thrown).replace(/\s+/g, ' ').trim();

try {
  yieldToIo();
  const ort: OrtPackage = createRequire(import.meta.url)(packagePath);
  ort.env.logLevel = 'fatal';
  const fed = optionalInputs.length > 0 ? withTrueInputs(await readFile(modelPath), optionalInputs) : undefined;
  const session = await ort.InferenceSession.create(fed?.model ?? modelPath, options);
  const graph = {
    inputs: session.inputMetadata.map((value) => withInitial(toGraphTensor(value), fed?.initial.get(value.name))),
    outputs: session.outputMetadata.map(toGraphTensor),
  };
  parentPort?.on('message', (message: ToWorker) => {
    if (message.kind === 'bind') binding = message;
    else run(ort, session, message).catch((thrown) => giveUp(thrown, message));
  });
  reply({ kind: 'started', graph });
} catch (thrown) {
  reply({ kind: 'failed', message: oneLine(thrown) });
}
