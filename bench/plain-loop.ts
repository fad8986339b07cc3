import { Worker } from 'node:worker_threads';

export interface PlainLoopOptions {
  readonly modelFile: string;
  /** Worker threads, each with one session of its own, as the server has instances. */
  readonly instances: number;
  readonly intraOpThreads: number;
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/**
 * The peer of the embedded server: `session.run` of `onnxruntime-node` in a plain loop, without a server, a socket or a
 * scheduler. Resolves with inferences per second over all instances.
 */
export async function plainLoop(options: PlainLoopOptions): Promise<number> {
  const rates = await Promise.all(Array.from({ length: options.instances }, () => runWorker(options)));
  return rates.reduce((sum, rate) => sum + rate, 0);
}

function runWorker(options: PlainLoopOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('plain-loop-worker.js', import.meta.url), { workerData: options });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
