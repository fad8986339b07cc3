import { Worker } from 'node:worker_threads';
import { messageOf, PerfError } from '../../../core/perf-error.js';
import type { ModelGraph } from '../backend.js';
import type { ComputeWorker } from '../replaced-worker.js';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.js';

/** A worker that has its session. */
export interface OrtWorker extends ComputeWorker<ToWorker, FromWorker> {
  readonly graph: ModelGraph;
}

/** Starts a thread. Rejects with a `PerfError` that names the file when ONNX Runtime cannot load it. */
export function startWorkerThread(start: WorkerStart): Promise<OrtWorker> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: start });
    const stopListening = () => worker.off('message', onMessage).off('exit', onExit);
    const fail = (reason: string) => {
      stopListening(); // But not for errors: one that comes later must not count as unhandled.
      void worker.terminate();
      reject(new PerfError('model', `cannot load ${start.modelPath}: expected an ONNX model, got: ${reason}`));
    };
    const onMessage = (message: FromWorker) => {
      if (message.kind === 'started') {
        stopListening().off('error', onError);
        resolve(workerOf(worker, message.graph));
      } else {
        fail(message.kind === 'failed' ? withoutPath(message.message, start.modelPath) : 'no answer');
      }
    };
    const onError = (error: Error) => fail(error.message);
    const onExit = (code: number) => fail(`its thread exited with code ${code}`);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

/** ONNX Runtime repeats the path in its message. */
const withoutPath = (message: string, path: string): string => message.replace(`Load model from ${path} failed:`, '');

const workerOf = (worker: Worker, graph: ModelGraph): OrtWorker => ({
  graph,
  post: (message, transfer) => worker.postMessage(message, transfer),
  listen(onMessage, onEnd) {
    let cause: unknown;
    worker.on('message', onMessage);
    worker.once('error', (error) => {
      cause = error;
    });
    worker.once('exit', (code) => onEnd(cause === undefined ? `exit code ${code}` : messageOf(cause)));
  },
  async end() {
    await worker.terminate();
  },
});
