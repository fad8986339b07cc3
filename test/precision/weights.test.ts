import { rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'ava';
import { seededUint32 } from '../../src/core/random.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import { bytesOf } from '../../src/onnx/tensor.js';
import { rememberedAnswers } from '../../src/precision/accuracy/answers.js';
import { compareAnswers } from '../../src/precision/accuracy/compare-answers.js';
import { filesBeside, readModelFile } from '../../src/precision/read-model-file.js';
import { quantizeChannels, roundToEven } from '../../src/precision/rewrite/quantize-weight.js';
import { toFloat16 } from '../../src/precision/rewrite/weight-values.js';
import { openSession } from '../../src/precision/runtime/open-session.js';
import { writeModelFile } from '../../src/precision/write-model-file.js';
import { toFloat16Bits } from '../../src/protocol/short-float.js';
import { temporaryDirectory } from '../sample-models/temporary-directory.js';
import { smallGraph, uniformValues } from './small-graph.js';

test('toFloat16 gives the bits that the protocol gives, for numbers of every size', (t) => {
  const next = seededUint32(1);
  const bits = Uint32Array.from({ length: 20_000 }, next);
  const edges = [0, -0, 65_504, 65_519.99, 65_520, 2 ** -24, 2 ** -25, 2 ** -14, 1 - 2 ** -12, 1 / 0, -1 / 0];
  const values = Float32Array.from([...new Float32Array(bits.buffer), ...edges]);
  const numbers = values.filter((value) => !Number.isNaN(value));
  t.deepEqual(toFloat16(numbers), Uint16Array.from(numbers, toFloat16Bits));
  t.deepEqual([...toFloat16(Float32Array.of(Number.NaN))], [0x7e00]);
});

for (const bits of [7, 8] as const) {
  test(`quantizeChannels keeps each weight within half a step, ${bits} bits`, (t) => {
    const [rows, columns] = [40, 9];
    const weight = uniformValues(rows * columns, 'weight').map((value, index) => value * 10 ** ((index % columns) - 4));
    const { values, scales } = quantizeChannels(weight, { channels: columns, inner: 1, bits });
    const largest = bits === 8 ? 127 : 63;
    weight.forEach((value, index) => {
      const scale = scales[index % columns] ?? Number.NaN;
      const got = (values[index] ?? Number.NaN) * scale;
      t.true(Math.abs(got - value) <= scale * 0.500001, `${got} for ${value}`);
    });
    t.is(Math.max(...values), largest);
  });
}

test('quantizeChannels keeps a column of zeros, and one of the smallest numbers', (t) => {
  const { values, scales } = quantizeChannels(Float32Array.of(0, 1e-45, 0, -1e-45), { channels: 2, inner: 1, bits: 8 });
  t.deepEqual([...values], [0, 0, 0, 0]);
  t.is(scales[0], 1);
  t.true((scales[1] ?? 0) > 0);
});

test('roundToEven rounds halves to the even number', (t) => {
  t.deepEqual([-2.5, -1.5, -0.6, 0.5, 1.5, 2.5, 2.6].map(roundToEven), [-2, -2, -1, 0, 2, 2, 3]);
});

test('readModelFile reads weights in files beside the model, and none outside of its folder', async (t) => {
  const folder = await temporaryDirectory(t);
  const model = smallGraph();
  const weight = model.graph.initializer.find(({ name }) => name === 'w1');
  const rawData = weight?.rawData ?? new Uint8Array();
  await writeFile(join(folder, 'weights.bin'), Buffer.concat([Buffer.alloc(16), rawData, bytesOf(Float32Array.of(1))]));
  const path = join(folder, 'model.onnx');
  const write = async (location: string, length = rawData.length): Promise<void> => {
    const entries = { location, offset: '16', length: String(length) };
    const initializer = model.graph.initializer.map((tensor) => {
      if (tensor !== weight) return tensor;
      const { rawData: _, ...head } = tensor;
      const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
      return { ...head, externalData, dataLocation: 1 };
    });
    await writeFile(path, encodeModel({ ...model, graph: { ...model.graph, initializer } }));
  };
  await write('weights.bin');
  t.deepEqual(encodeModel(await readModelFile(path)), encodeModel(model));
  await write('../weights.bin');
  await t.throwsAsync(readModelFile(path), { message: /expected a file below its folder, got '..\/weights.bin'$/ });
  await write('weights.bin', 1e6);
  await t.throwsAsync(readModelFile(path), { message: /got a file with 6148 of 1000000 bytes$/ });
});

test('writeModelFile puts the weights of a model that is too long for one file into another, which ONNX Runtime reads', async (t) => {
  const folder = await temporaryDirectory(t);
  const model = smallGraph();
  const [whole, split] = [join(folder, 'whole.onnx'), join(folder, 'split.onnx')];
  t.is(await writeModelFile(whole, model), (await stat(whole)).size);
  t.deepEqual(await filesBeside(whole), []);
  const longest = 4000;
  const sizeBytes = await writeModelFile(split, model, longest);
  t.deepEqual(await filesBeside(split), ['split.onnx.data']);
  t.true((await stat(split)).size <= longest);
  t.is((await stat(split)).size + (await stat(`${split}.data`)).size, sizeBytes);
  t.deepEqual(encodeModel(await readModelFile(split)), encodeModel(model));
  const packagePath = createRequire(import.meta.url).resolve('onnxruntime-node');
  const start = { packagePath, threads: 1, level: 'all' } as const;
  await using original = await openSession({ ...start, modelPath: whole });
  await using session = await openSession({ ...start, modelPath: split });
  const samples = [{ input: { type: 'float32', dims: [3, 32], data: uniformValues(96, 'input') } }];
  const compared = await compareAnswers(rememberedAnswers(original), session, samples);
  t.deepEqual(
    compared.map(({ largestError }) => largestError),
    [0, 0],
  );
  await t.throwsAsync(writeModelFile(split, model, 100), {
    message: /^Cannot write split.onnx: expected at most 100 bytes without the weights of its main graph, got \d+$/,
  });
  await t.throwsAsync(writeModelFile(join(folder, 'none', 'm.onnx'), model), {
    message: /^Cannot write the model .*ENOENT/,
  });
  await truncate(`${split}.data`, 5000);
  await t.throwsAsync(readModelFile(split), { message: /the weight 'w1' .* got a file with 5000 of 6144 bytes$/ });
  await rm(`${split}.data`);
  await t.throwsAsync(readModelFile(split), { message: /the weight 'w1' .* got ENOENT/ });
});
