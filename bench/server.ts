import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeSampleModel } from '../sample-models/write-sample-model.js';
import { cacheDirectory } from '../src/core/cache-directory.js';
import { plainLoop } from './plain-loop.js';
import { formatSpread, spreadOf } from './spread.js';
import { throughTheTool } from './through-the-tool.js';

const rounds = 5;
const measureMs = 6000;
/** Of the server and of the plain loop: V8 compiles what runs often, which takes some hundred requests. */
const warmUpMs = 5000;

/**
 * ResNet-50 through the whole tool (client, socket, embedded server) against a plain loop of `onnxruntime-node` with the
 * same model file, instances and threads. Rounds alternate, so that a slow minute of the machine hits both.
 */
export async function benchServer(): Promise<void> {
  const repository = join(cacheDirectory(), 'sample-models');
  await writeSampleModel('resnet50', repository);
  console.log(
    `resnet50, batch 1, HTTP: ${rounds} rounds of ${measureMs / 1000} s each, client and server share the cores`,
  );
  for (const concurrency of [1, 2]) {
    const plain: number[] = [];
    const served: number[] = [];
    for (let round = 0; round < rounds; round++) {
      plain.push(
        await plainLoop({
          modelFile: join(repository, 'resnet50', '1', 'model.onnx'),
          instances: Math.min(concurrency, 2), // as many as are busy; its config.pbtxt has two
          intraOpThreads: Math.max(1, Math.floor(availableParallelism() / 2)),
          input: { name: 'input', shape: [1, 3, 224, 224] },
          warmUpMs,
          measureMs,
        }),
      );
      const warmUp = ['--warmup-request-count', String(27 * concurrency * (warmUpMs / 1000))]; // As long as that of the plain loop.
      const flags = ['-m', 'resnet50', '--concurrency-range', String(concurrency), ...warmUp];
      served.push((await throughTheTool(flags, measureMs)).summary.throughput);
    }
    const ratio = spreadOf(served.map((rate, round) => rate / (plain[round] ?? Number.NaN)));
    console.log(
      `concurrency ${concurrency}: plain loop ${formatSpread(spreadOf(plain), 2)} infer/s, ` +
        `perf-analyze ${formatSpread(spreadOf(served), 2)} infer/s, ratio ${formatSpread(ratio, 3)}`,
    );
  }
}
