import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { seededUint32 } from '../../src/core/random.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import { bytesOf } from '../../src/onnx/tensor.js';
import { readModelFile } from '../../src/precision/read-model-file.js';
import { quantizeChannels, roundToEven } from '../../src/precision/rewrite/quantize-weight.js';
import { toFloat16 } from '../../src/precision/rewrite/weight-values.js';
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
