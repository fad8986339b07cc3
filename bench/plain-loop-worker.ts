import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { seededRandom } from '../src/core/random.js';
import { elementCount } from '../src/protocol/tensor.js';
import type { PlainLoopOptions } from './plain-loop.js';

const { modelFile, intraOpThreads, input, warmUpMs, measureMs } = workerData as PlainLoopOptions;

const session = await InferenceSession.create(modelFile, { intraOpNumThreads: intraOpThreads, interOpNumThreads: 1 });
const random = seededRandom(0);
const data = Float32Array.from({ length: elementCount(input.shape) }, () => random());
const feeds = { [input.name]: new Tensor('float32', data, input.shape) };

async function loopFor(ms: number): Promise<number> {
  const start = performance.now();
  let runs = 0;
  while (performance.now() - start < ms) {
    await session.run(feeds);
    runs++;
  }
  return (runs / (performance.now() - start)) * 1000;
}

await loopFor(warmUpMs);
parentPort?.postMessage((await loopFor(measureMs)) * (input.shape[0] ?? 1));
