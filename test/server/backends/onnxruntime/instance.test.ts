import { existsSync, readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Batch } from '../../../../src/server/backends/backend.js';
import { CrashCount } from '../../../../src/server/backends/crash-count.js';
import { startOrtInstance } from '../../../../src/server/backends/onnxruntime/instance.js';
import { testRepository } from '../../model-folder.js';

/** Stands for onnxruntime-node: 'crash' in the input ends the thread, 'fail' fails the run, 3 ends the thread after its answer, else the input comes back. */
const fakePackage = `
exports.env = {};
exports.Tensor = class { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } };
const values = [{ name: 'X', isTensor: true, type: 'uint8', shape: ['batch', 1] }];
exports.InferenceSession = { create: async (path) => {
  if (path === 'broken') throw new Error('Load model from broken failed:Protobuf\\n parsing failed.');
  if (path === 'exits') process.exit(3);
  return { inputMetadata: values, outputMetadata: values, run: async ({ X }) => {
    await new Promise(setImmediate); // As the package does.
    if (X.data[0] === 1) process.exit(9);
    if (X.data[0] === 3) setImmediate(() => process.exit(9));
    if (X.data[0] === 2) throw new Error('no\\n memory');
    return { X };
  } };
} };`;

const tensor = { name: 'X', datatype: 'UINT8', dims: [1], modelDims: [1] } as const;

const batchOf = (value: number): Batch => ({
  plan: {
    modelName: 'm',
    maxBatchSize: 8,
    inputs: [tensor],
    outputs: [tensor],
    inputIndex: new Map(),
    outputIndex: new Map(),
    hasVariableInput: false,
  },
  requests: [{ inputs: [{ name: 'X', datatype: 'UINT8', shape: [1, 1], data: Uint8Array.of(value) }], batchSize: 1 }],
});

/** The caller disposes the folder after the instance: a restart reads it again. */
async function setup(modelPath: string) {
  const folder = await testRepository({ 'package.cjs': fakePackage });
  const options = {
    intraOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableCpuMemArena: true,
    enableMemPattern: true,
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    logSeverityLevel: 4,
  } as const;
  const packagePath = join(folder.path, 'package.cjs');
  try {
    const instance = await startOrtInstance({
      name: 'm_0',
      modelName: 'm',
      start: { packagePath, modelPath, optionalInputs: [], options },
      crashes: new CrashCount(),
    });
    return {
      instance,
      folder,
      async [Symbol.asyncDispose]() {
        await instance[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

test('startOrtInstance reports the graph and runs', async (t) => {
  await using started = await setup('fine');
  const { instance } = started;
  t.deepEqual(instance.graph?.inputs, [{ name: 'X', datatype: 'UINT8', shape: [-1, 1] }]);
  const { outputs, computeStart, computeEnd } = await instance.execute(batchOf(7));
  t.deepEqual(outputs[0]?.[0]?.data, Uint8Array.of(7));
  t.true(computeEnd >= computeStart);
});

(existsSync('/proc/self/task') ? test : test.skip)(
  'startOrtInstance lets the thread that does I/O go before those that compute (skipped where threads have no niceness)',
  async (t) => {
    const niceOf = (thread: string) => getPriority(Number(thread));
    const own = niceOf(String(process.pid));
    const before = new Set(readdirSync('/proc/self/task'));
    await using _ = await setup('fine');
    const added = readdirSync('/proc/self/task').filter((thread) => !before.has(thread));
    t.is(niceOf(String(process.pid)), own);
    t.true(added.some((thread) => niceOf(thread) === Math.min(19, own + 5)));
  },
);

for (const [path, reason] of [
  ['broken', 'Protobuf parsing failed.'],
  ['exits', 'its thread exited with code 3'],
] as const) {
  test(`startOrtInstance says in one line why a model is ${path}`, async (t) => {
    await t.throwsAsync(setup(path), { message: `cannot load ${path}: expected an ONNX model, got: ${reason}` });
  });
}

test('startOrtInstance fails a run that fails and goes on', async (t) => {
  await using started = await setup('fine');
  const { instance } = started;
  await t.throwsAsync(instance.execute(batchOf(2)), { message: "model 'm': onnxruntime execution failed: no memory" });
  t.is(instance.recovery, undefined);
  t.is((await instance.execute(batchOf(7))).outputs.length, 1);
});

test('startOrtInstance fails what a crash interrupted and replaces the thread', async (t) => {
  await using started = await setup('fine');
  const { instance } = started;
  await t.throwsAsync(instance.execute(batchOf(1)), {
    message: "model 'm': instance 'm_0' stopped while it ran the request (exit code 9)",
  });
  await instance.recovery;
  t.is(instance.recovery, undefined);
  t.is((await instance.execute(batchOf(7))).outputs.length, 1);
});

test('startOrtInstance replaces a thread that ends while it is idle, and the next batch waits for it', async (t) => {
  await using started = await setup('fine');
  const { instance } = started;
  await instance.execute(batchOf(3));
  const isRecovering = () => instance.recovery !== undefined;
  while (!isRecovering()) await new Promise((resolve) => setImmediate(resolve));
  t.is((await instance.execute(batchOf(7))).outputs.length, 1);
  t.false(isRecovering());
});

test('startOrtInstance gives up when the thread cannot be replaced', async (t) => {
  await using started = await setup('fine');
  const { instance, folder } = started;
  await folder.remove('package.cjs');
  await t.throwsAsync(instance.execute(batchOf(1)), { message: /stopped while it ran the request/ });
  await t.throwsAsync(async () => instance.recovery, { message: /^cannot load fine: / });
});

test('startOrtInstance runs batches that it has ahead in order, each after the one in front of it', async (t) => {
  await using started = await setup('fine');
  const ends = await Promise.allSettled([4, 5, 2, 6].map((value) => started.instance.execute(batchOf(value))));
  t.deepEqual(
    ends.map((end) => (end.status === 'fulfilled' ? end.value.outputs[0]?.[0]?.data[0] : 'failed')),
    [4, 5, 'failed', 6],
  );
  const [first, second] = ends.map((end) => (end.status === 'fulfilled' ? end.value : undefined));
  t.is(first?.start, undefined);
  t.is(second?.start, first?.computeEnd);
  t.true(second !== undefined && first !== undefined && second.computeStart >= first.computeEnd);
});

test('startOrtInstance runs on a new thread what it had ahead when the old one crashed', async (t) => {
  await using started = await setup('fine');
  const [crash, ahead] = await Promise.allSettled([1, 7].map((value) => started.instance.execute(batchOf(value))));
  t.is(crash?.status, 'rejected');
  t.deepEqual(ahead?.status === 'fulfilled' && ahead.value.outputs[0]?.[0]?.data, Uint8Array.of(7));
});

test('startOrtInstance fails what it had ahead when the thread cannot be replaced', async (t) => {
  await using started = await setup('fine');
  await started.folder.remove('package.cjs');
  const ends = [1, 7].map((value) => started.instance.execute(batchOf(value)));
  const [, ahead] = await Promise.allSettled(ends);
  t.regex(
    String(ahead?.status === 'rejected' && ahead.reason.message),
    /^model 'm': instance 'm_0' stopped \(exit code 9\): cannot load fine: /,
  );
});
