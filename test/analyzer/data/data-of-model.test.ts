import test from 'ava';
import { dataOfModel, foreignTensors } from '../../../analyzer/data/data-of-model.js';
import type { ModelSignature } from '../../../analyzer/data/model-signature.js';
import type { InputDataSettings } from '../../../src/core/input-data.js';
import { PerfError } from '../../../src/core/perf-error.js';
import { input, signatureOf } from './signature.js';

const model = (modelName: string, ...inputs: readonly string[]): ModelSignature => ({
  ...signatureOf(inputs.map((name) => input(name, 'FP32', [-1]))),
  modelName,
});
const left = model('left', 'x', 'only');
const right = model('right', 'x', 'y');
const all = [left, right];

const random: InputDataSettings = {
  source: 'random',
  paths: [],
  generators: {},
  stringLength: 1,
  tolerance: { absolute: 0, relative: 0 },
};
const shape = (...dims: readonly number[]) => [{ dims, weight: 1 }];

test('dataOfModel gives each model the flags of the inputs that it has', (t) => {
  const shapes = { x: shape(1), only: shape(2), y: shape(3) };
  const data = { ...random, generators: { y: { kind: 'constant', value: '1' } } } as const;
  t.deepEqual(dataOfModel({ shapes, data }, left, all).shapes, { x: shape(1), only: shape(2) });
  t.deepEqual(dataOfModel({ shapes, data }, left, all).data.generators, {});
  t.deepEqual(dataOfModel({ shapes, data }, right, all).shapes, { x: shape(1), y: shape(3) });
  t.deepEqual(dataOfModel({ shapes, data }, right, all).data.generators, data.generators);
});

test('dataOfModel: MODEL/INPUT is for that model only, and goes before a plain name', (t) => {
  const shapes = { 'right/x': shape(5), x: shape(1) };
  t.deepEqual(dataOfModel({ shapes, data: random }, left, all).shapes, { x: shape(1) });
  t.deepEqual(dataOfModel({ shapes, data: random }, right, all).shapes, { x: shape(5) });
});

for (const name of ['z', 'left/y']) {
  test(`dataOfModel refuses ${name}, which no model has`, (t) => {
    const message = `Cannot use --shape ${name}: expected an input of one of the models 'left' (x, only), 'right' (x, y), got '${name}'`;
    t.throws(() => dataOfModel({ shapes: { [name]: shape(1) }, data: random }, left, all), {
      instanceOf: PerfError,
      message,
    });
  });
}

test('foreignTensors are those of the other models', (t) => {
  t.deepEqual([...foreignTensors(left, all)], ['x', 'y']);
});
