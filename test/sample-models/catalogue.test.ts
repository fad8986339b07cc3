import { readdir, readFile } from 'node:fs/promises';
import test from 'ava';
import { findSampleModel, sampleModels } from '../../sample-models/catalogue.js';
import { PerfError } from '../../src/core/perf-error.js';
import type { ValueInfoProto } from '../../src/onnx/model-proto.js';
import { tensorDataType } from '../../src/onnx/tensor.js';

const source = new URL('../../../sample-models/', import.meta.url); // seen from dist/test/sample-models

/** What Triton calls the types that ONNX names otherwise. */
const configNames: Readonly<Record<string, string>> = { FLOAT: 'FP32' };

/** A graph's input or output as config.pbtxt has it: without the batch dimension, -1 for what varies. */
function tensorOf({ name, type }: ValueInfoProto): string {
  const elemType = type?.tensorType?.elemType;
  const datatype = Object.entries(tensorDataType).find(([, value]) => value === elemType)?.[0] ?? '';
  const dims = type?.tensorType?.shape?.dim.slice(1).map(({ dimValue = -1 }) => dimValue);
  return `name: "${name}" data_type: TYPE_${configNames[datatype] ?? datatype} dims: [ ${dims?.join(', ')} ]`;
}

test('sampleModels lists the folders that have a config.pbtxt', async (t) => {
  const entries = await readdir(source, { recursive: true });
  const folders = entries.flatMap((path) => /^(\w+)[\\/]config\.pbtxt$/.exec(path)?.[1] ?? []);
  t.deepEqual(sampleModels.map(({ name }) => name).toSorted(), folders.toSorted());
});

for (const { name, build } of sampleModels) {
  test(`sampleModels ${name} has a config.pbtxt that agrees with its graph`, async (t) => {
    const config = await readFile(new URL(`${name}/config.pbtxt`, source), 'utf8');
    const { graph } = (await build()).model;
    const tensors = [...config.matchAll(/name: "\w+"\s+data_type: \w+\s+dims: \[[^\]]*\]/g)];
    t.true(config.startsWith(`name: "${name}"\nbackend: "onnxruntime"\nmax_batch_size: `));
    t.deepEqual(
      tensors.map(([text]) => text.replaceAll(/\s+/g, ' ')),
      [...graph.input, ...graph.output].map(tensorOf),
    );
    t.is(graph.name, name);
    t.true(
      [...graph.input, ...graph.output].every(({ type }) => type?.tensorType?.shape?.dim[0]?.dimParam === 'batch'),
    );
  });
}

test('findSampleModel finds a model by its name', (t) => {
  t.is(findSampleModel('resnet50').sizeBytes, 102_140_621);
});

test('findSampleModel refuses an unknown name and says which are close', (t) => {
  const error = t.throws(() => findSampleModel('resnet_50'), { instanceOf: PerfError });
  t.is(error?.code, 'model');
  t.regex(error?.message ?? '', /^Cannot find the sample model: expected one of resnet50, .*, got 'resnet_50'$/);
  t.is(error?.hint, 'Did you mean resnet50?');
  t.is(t.throws(() => findSampleModel('bert'), { instanceOf: PerfError })?.hint, undefined);
});
