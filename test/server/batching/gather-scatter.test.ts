import test from 'ava';
import type { Datatype } from '../../../src/protocol/datatype.js';
import { packBytes, type Tensor, unpackBytes } from '../../../src/protocol/tensor.js';
import type { Batch } from '../../../src/server/backends/backend.js';
import { fillVariableDims } from '../../../src/server/batching/fill-variable-dims.js';
import { gatherInputs } from '../../../src/server/batching/gather-inputs.js';
import { scatterOutputs } from '../../../src/server/batching/scatter-outputs.js';
import type { PlannedTensor, TensorPlan } from '../../../src/server/config/tensor-plan.js';

const planOf = (tensors: readonly PlannedTensor[], maxBatchSize = 8): TensorPlan => ({
  modelName: 'm',
  maxBatchSize,
  inputs: tensors,
  outputs: tensors,
  inputIndex: new Map(),
  outputIndex: new Map(),
  hasVariableInput: false,
});

const planned = (datatype: Datatype, dims: readonly number[], modelDims = dims): PlannedTensor => ({
  name: 'X',
  datatype,
  dims,
  modelDims,
});

const tensor = (datatype: Datatype, shape: readonly number[], data: Uint8Array): Tensor => ({
  name: 'X',
  datatype,
  shape,
  data,
});

const allocate = (byteLength: number) => new Uint8Array(byteLength);

const rows = (...values: number[]) => tensor('UINT8', [values.length / 2, 2], Uint8Array.from(values));

test('gatherInputs joins the rows of all requests and aligns each input', (t) => {
  const plan = planOf([planned('UINT8', [2]), planned('UINT8', [2])]);
  const requests = [
    { inputs: [rows(1, 2), rows(11, 12)], batchSize: 1 },
    { inputs: [rows(3, 4, 5, 6), rows(13, 14, 15, 16)], batchSize: 2 },
  ];
  const { room, inputs } = gatherInputs({ plan, requests }, allocate);
  t.deepEqual(inputs, [
    { shape: [3, 2], byteOffset: 0, byteLength: 6 },
    { shape: [3, 2], byteOffset: 64, byteLength: 6 },
  ]);
  t.deepEqual([...room.subarray(0, 6)], [1, 2, 3, 4, 5, 6]);
  t.deepEqual([...room.subarray(64, 70)], [11, 12, 13, 14, 15, 16]);
});

test('gatherInputs shows the model the reshaped dimensions', (t) => {
  const batch = (plan: TensorPlan, shape: readonly number[]): Batch => ({
    plan,
    requests: [{ inputs: [tensor('UINT8', shape, new Uint8Array(24))], batchSize: 2 }],
  });
  const shapeOf = (plan: TensorPlan, shape: readonly number[]) =>
    gatherInputs(batch(plan, shape), allocate).inputs[0]?.shape;
  t.deepEqual(shapeOf(planOf([planned('UINT8', [4, -1], [2, 2, -1])]), [2, 4, 3]), [2, 2, 2, 3]);
  t.deepEqual(shapeOf(planOf([planned('UINT8', [1], [])]), [2, 1]), [2]);
  t.deepEqual(shapeOf(planOf([planned('UINT8', [-1], [-1])], 0), [24]), [24]);
});

test('scatterOutputs gives each request a view of its rows', (t) => {
  const plan = planOf([planned('UINT8', [2])]);
  const data = Uint8Array.from([1, 2, 3, 4, 5, 6]);
  const requests = [
    { inputs: [], batchSize: 1 },
    { inputs: [], batchSize: 2 },
  ];
  const [[first] = [], [second] = []] = scatterOutputs({ plan, requests }, [{ shape: [3, 2], data }]);
  t.deepEqual(
    [first?.shape, second?.shape],
    [
      [1, 2],
      [2, 2],
    ],
  );
  t.deepEqual(
    [[...(first?.data ?? [])], [...(second?.data ?? [])]],
    [
      [1, 2],
      [3, 4, 5, 6],
    ],
  );
  t.is(second?.data.buffer, data.buffer);
});

test('scatterOutputs finds the rows of strings', (t) => {
  const plan = planOf([planned('BYTES', [2])]);
  const data = packBytes(['a', '', 'ccc', 'dd', 'e', 'ff']);
  const requests = [
    { inputs: [], batchSize: 1 },
    { inputs: [], batchSize: 2 },
  ];
  const results = scatterOutputs({ plan, requests }, [{ shape: [3, 2], data }]);
  const texts = results.map(([output]) =>
    unpackBytes(output?.data ?? data, 'X').map((each) => Buffer.from(each).toString()),
  );
  t.deepEqual(texts, [
    ['a', ''],
    ['ccc', 'dd', 'e', 'ff'],
  ]);
});

test('scatterOutputs shows clients their dimensions', (t) => {
  const plan = planOf([planned('UINT8', [4, -1], [2, 2, -1])]);
  const requests = [{ inputs: [], batchSize: 1 }];
  const [[output] = []] = scatterOutputs({ plan, requests }, [{ shape: [1, 2, 2, 3], data: new Uint8Array(12) }]);
  t.deepEqual(output?.shape, [1, 4, 3]);
});

test('scatterOutputs refuses an output that lost rows', (t) => {
  const requests = [{ inputs: [], batchSize: 3 }];
  t.throws(
    () =>
      scatterOutputs({ plan: planOf([planned('UINT8', [2])]), requests }, [{ shape: [1, 2], data: new Uint8Array(2) }]),
    {
      message: "output 'X' of model 'm' has shape [1,2], expected 3 rows",
    },
  );
});

test('fillVariableDims takes variable sizes in order', (t) => {
  t.deepEqual(fillVariableDims([-1, 1, -1], [2, -1, -1], [2, 5, 7]), [5, 1, 7]);
});
