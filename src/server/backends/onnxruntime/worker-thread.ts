import { Worker } from 'node:worker_threads';
import { messageOf, PerfError } from '../../../core/perf-error.js';
import type { ModelGraph } from '../backend.js';
import type { ComputeWorker } from '../replaced-worker.js';
import { BatchSlots } from './batch-slots.js';
import { type BatchEnd, type BatchRun, SlotSender } from './slot-sender.js';
import type { FromWorker, ThreadStart, WorkerStart } from './worker-messages.js';

/** A worker that has its session. It ends batches in the order in which it gets them. */
export interface OrtWorker extends ComputeWorker<BatchRun, BatchEnd> {
  readonly graph: ModelGraph;
}

/** Starts a thread. Rejects with a `PerfError` that names the file when ONNX Runtime cannot load it. */
export function startWorkerThread(start: WorkerStart): Promise<OrtWorker> {
  return new Promise((resolve, reject) => {
    const workerData: ThreadStart = { ...start, slots: BatchSlots.allocate() };
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    const stopListening = () => worker.off('message', onMessage).off('exit', onExit);
    const fail = (reason: string) => {
      stopListening(); // But not for errors: one that comes later must not count as unhandled.
      void worker.terminate();
      reject(new PerfError('model', `cannot load ${start.modelPath}: expected an ONNX model, got: ${reason}`));
    };
    const onMessage = (message: FromWorker) => {
      if (message.kind === 'started') {
        stopListening().off('error', onError);
        resolve(workerOf(worker, message.graph, new BatchSlots(workerData.slots)));
      } else {
        fail(message.kind === 'refused' ? withoutPath(message.message, start.modelPath) : 'no answer');
      }
    };
    const onError = (error: Error) => fail(error.message);
    const onExit = (code: number) => fail(`its thread exited with code ${code}`);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

/** ONNX Runtime repeats the path in its message. */
const withoutPath = (message: string, path: string): string => message.replace(`Load model from ${path} failed:`, '');

function workerOf(worker: Worker, graph: ModelGraph, slots: BatchSlots): OrtWorker {
  let tell: (end: BatchEnd) => void = () => undefined;
  const sender = new SlotSender({
    slots,
    post: (message, transfer) => worker.postMessage(message, transfer),
    onEnd: (end) => tell(end),
  });
  return {
    graph,
    post: (run) => sender.send(run),
    listen(onMessage, onEnd) {
      let cause: unknown;
      tell = onMessage;
      worker.on('message', (message: FromWorker) => sender.take(message.kind === 'answer' ? message : undefined));
      worker.once('error', (error) => {
        cause = error;
      });
      worker.once('exit', (code) => {
        sender.take(); // What it answered with its last breath.
        onEnd(cause === undefined ? `exit code ${code}` : messageOf(cause));
      });
    },
    async end() {
      await worker.terminate();
    },
  };
}
