import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatVariants } from '../reports/variants.js';
import { createProgress } from '../src/cli/progress/create-progress.js';
import { runVariants, type VariantsWish } from '../src/cli/variants/run-variants.js';
import { weightBitsOf } from '../src/cli/variants/weight-bits.js';
import { seededRandom } from '../src/core/random.js';
import type { VariantsResult } from '../src/core/variants-result.js';
import { encodeModel } from '../src/onnx/encode-model.js';
import { createGraphBuilder } from '../src/onnx/graph-builder.js';
import { float32Tensor, tensorDataType } from '../src/onnx/tensor.js';
import { defaultLimits } from '../src/precision/accuracy/gate.js';

/**
 * What int8 buys on one thread: three products with matrices of 1024 x 1024, with ranges found in every run, and resnet50 with
 * ranges found before; and what it takes to quantise resnet50.
 */
export async function benchVariants(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'perf-analyze-bench-'));
  try {
    const matrices = join(folder, 'matrices.onnx');
    await writeFile(matrices, threeMatrices());
    console.log(formatVariants(await run({ model: matrices, precisions: ['int8-dynamic'], batchSizes: [1, 16, 64] })));
    const resnet = { model: 'resnet50', precisions: ['int8-static'], batchSizes: [1], calibration: 'mse' } as const;
    for (const limits of [defaultLimits, []]) {
      using memory = watchMemory();
      const result = await run({ ...resnet, limits });
      const makeMs = result.variants[1]?.makeMs ?? Number.NaN;
      console.log(`\n${formatVariants(result)}`);
      console.log(
        `quantising: ${(makeMs / 1e3).toFixed(1)} s, all processes at most ${memory.peakMegabytes()} MB resident`,
      );
    }
    console.log(`onnxruntime-node ${createRequire(import.meta.url)('onnxruntime-node/package.json').version}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Looks ten times a second at what this process and those that it started hold resident (Linux). */
function watchMemory(): Disposable & { peakMegabytes(): string } {
  let peakKilobytes = 0;
  const look = (): void => {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
    const kilobytes = ['self', ...(children === '' ? [] : children.split(' '))].map(residentKilobytes);
    peakKilobytes = Math.max(
      peakKilobytes,
      kilobytes.reduce((sum, each) => sum + each, 0),
    );
  };
  const timer = setInterval(look, 100);
  return { peakMegabytes: () => (peakKilobytes / 1e3).toFixed(0), [Symbol.dispose]: () => clearInterval(timer) };
}

function residentKilobytes(pid: string): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // It has ended meanwhile.
  }
}

async function run(
  wish: Pick<VariantsWish, 'model' | 'precisions' | 'batchSizes'> & Partial<VariantsWish>,
): Promise<VariantsResult> {
  const silent = () => undefined;
  const everything: VariantsWish = {
    modelRepository: undefined,
    data: { source: 'random', paths: [], generators: {}, stringLength: 0, tolerance: { absolute: 0, relative: 0 } },
    shapes: {},
    seed: 0,
    threads: 1,
    weightBits: weightBitsOf(undefined),
    keepInFp32: [],
    calibration: 'minmax',
    optimization: 'basic',
    limits: defaultLimits,
    maxTimeMs: 5000,
    writeTo: undefined,
    ...wish,
  };
  return runVariants(everything, {
    progress: await createProgress(process.stderr, 'none'),
    interrupt: { signal: new AbortController().signal, onAbandon: () => silent },
    print: silent,
  });
}

/** Weights uniform around zero, so that what comes out has the size of what goes in. */
function threeMatrices(): Uint8Array {
  const width = 1024;
  const graph = createGraphBuilder();
  const random = seededRandom(1);
  const bound = Math.sqrt(3 / width);
  let value = graph.input({ name: 'input', dataType: tensorDataType.FLOAT, dims: ['batch', width] });
  for (const name of ['first', 'second', 'output']) {
    const weights = Float32Array.from({ length: width * width }, () => (random() * 2 - 1) * bound);
    value = graph.node('MatMul', name, [
      value,
      graph.constant(float32Tensor(`${name}.weight`, [width, width], weights)),
    ]);
  }
  graph.output({ name: 'output', dataType: tensorDataType.FLOAT, dims: ['batch', width] });
  return encodeModel(graph.finish({ name: 'matrices', opset: 17, irVersion: 8 }).model);
}
