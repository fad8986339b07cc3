import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { loadOrt } from '../../../onnx/runtime/load-ort.js';
import type { OrtValueMetadata } from '../../../onnx/runtime/ort-package.js';
import type { GraphTensor, InitialTensor } from '../backend.js';
import { BatchSlots } from './batch-slots.js';
import { datatypeOf } from './element-types.js';
import { SessionRunner } from './session-runner.js';
import { oneLine, SlotReceiver } from './slot-receiver.js';
import type { FromWorker, ThreadStart, ToWorker } from './worker-messages.js';
import { yieldToIo } from './yield-to-io.js';

/**
 * The thread of one model instance: one ONNX Runtime session, one batch at a time. `session.run` computes on the
 * thread that calls it, whatever its promise suggests, and that must not be the thread that serves I/O.
 */

const { packagePath, modelPath, optionalInputs, options, slots: shared }: ThreadStart = workerData;

const post = (message: FromWorker, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(message, transfer);

function toGraphTensor(value: OrtValueMetadata): GraphTensor {
  if (!value.isTensor || value.type === undefined) throw new Error(`'${value.name}' is not a tensor: not supported`);
  const shape = (value.shape ?? []).map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name: value.name, datatype: datatypeOf(value.type), shape };
}

/** Rewrites the model, for which few instances have to load a reader of ONNX files. */
async function withOptionalInputs() {
  const { withTrueInputs } = await import('./overridable-inputs.js');
  return withTrueInputs(await readFile(modelPath), optionalInputs);
}

const withInitial = (tensor: GraphTensor, initial: InitialTensor | undefined): GraphTensor =>
  initial === undefined ? tensor : { ...tensor, initial };

try {
  yieldToIo();
  const ort = loadOrt(packagePath);
  ort.env.logLevel = 'fatal';
  const fed = optionalInputs.length > 0 ? await withOptionalInputs() : undefined;
  const session = await ort.InferenceSession.create(fed?.model ?? modelPath, options);
  const graph = {
    inputs: session.inputMetadata.map((value) => withInitial(toGraphTensor(value), fed?.initial.get(value.name))),
    outputs: session.outputMetadata.map(toGraphTensor),
  };
  const slots = new BatchSlots(shared);
  const runner = new SessionRunner({ ort, session, slots });
  const receiver = new SlotReceiver({ slots, run: (slot, message) => runner.run(slot, message), post });
  parentPort?.on('message', (message: ToWorker) => receiver.take(message.kind === 'run' ? message : undefined));
  post({ kind: 'started', graph });
} catch (thrown) {
  post({ kind: 'refused', message: oneLine(thrown) });
}
