import test from 'ava';
import type { Datatype } from '../../src/protocol/datatype.js';
import {
  type InferInput,
  type InferRequest,
  noParameters,
  type Parameters,
  type ParameterValue,
} from '../../src/protocol/infer.js';
import { packBytes } from '../../src/protocol/tensor.js';
import type { PlannedTensor, TensorPlan } from '../../src/server/config/tensor-plan.js';
import { RefusalError } from '../../src/server/refusal.js';
import { validateRequest } from '../../src/server/validate-request.js';

const planned = (name: string, datatype: Datatype, dims: readonly number[]): PlannedTensor => ({
  name,
  datatype,
  dims,
  modelDims: dims,
});

function planOf(inputs: readonly PlannedTensor[], maxBatchSize = 8): TensorPlan {
  const outputs = [planned('Y', 'FP32', [16])];
  return {
    modelName: 'm',
    maxBatchSize,
    inputs,
    outputs,
    inputIndex: new Map(inputs.map(({ name }, index) => [name, index])),
    outputIndex: new Map([['Y', 0]]),
    hasVariableInput: inputs.some(({ dims }) => dims.includes(-1)),
  };
}

const plan = planOf([planned('A', 'FP32', [16]), planned('B', 'FP32', [16])]);
const variablePlan = planOf([planned('A', 'FP32', [-1, 2])]);
const textPlan = planOf([planned('A', 'BYTES', [2])]);
const fixedPlan = planOf([planned('A', 'FP32', [16])], 0);

function tensor(name: string, shape: readonly number[], changes: Partial<InferInput> = {}): InferInput {
  const data = new Uint8Array(
    (4 *
      Math.max(
        0,
        shape.reduce((product, dim) => product * dim, 1),
      )) %
      2 ** 20,
  );
  return { name, datatype: 'FP32', shape, data, parameters: noParameters, ...changes };
}

const requestOf = (inputs: readonly InferInput[], changes: Partial<InferRequest> = {}): InferRequest => ({
  modelName: 'm',
  modelVersion: '',
  id: '',
  parameters: noParameters,
  inputs,
  outputs: [],
  ...changes,
});

const rows = (count: number) => [tensor('A', [count, 16]), tensor('B', [count, 16])];
const withParameters = (entries: Parameters) => requestOf(rows(1), { parameters: entries });
const withOutputs = (...names: string[]) =>
  requestOf(rows(1), { outputs: names.map((name) => ({ name, parameters: noParameters })) });

for (const [title, request, message, on = plan] of [
  [
    'too few inputs',
    requestOf([tensor('A', [1, 16])]),
    "expected 2 inputs but got 1 inputs for model 'm'. Got input(s) ['A'], but missing required input(s) ['B']. Please provide all required input(s).",
  ],
  [
    'an unknown input',
    requestOf([tensor('A', [1, 16]), tensor('C', [1, 16])]),
    "unexpected inference input 'C' for model 'm'",
  ],
  [
    'an input given twice',
    requestOf([tensor('A', [1, 16]), tensor('A', [1, 16])]),
    "input 'A' already exists in request",
  ],
  ['an unknown output', withOutputs('Z'), "unexpected inference output 'Z' for model 'm'"],
  ['an output given twice', withOutputs('Y', 'Y'), "output 'Y' already exists in request"],
  [
    'another datatype',
    requestOf([tensor('A', [1, 16], { datatype: 'INT32' }), tensor('B', [1, 16])]),
    "inference input 'A' data-type is 'INT32', but model 'm' expects 'FP32'",
  ],
  ['a batch over the maximum', requestOf(rows(9)), "inference request batch-size must be <= 8 for 'm'"],
  ['an empty batch', requestOf(rows(0)), "inference request batch-size must be >= 1 for 'm'"],
  [
    'inputs of different batch sizes',
    requestOf([tensor('A', [1, 16]), tensor('B', [2, 16])]),
    "input 'B' batch size does not match other inputs for 'm'",
  ],
  [
    'no batch dimension',
    requestOf([tensor('A', []), tensor('B', [])]),
    "input 'A' has no shape but model requires batch dimension for 'm'",
  ],
  [
    'another shape',
    requestOf([tensor('A', [1, 15]), tensor('B', [1, 16])]),
    "unexpected shape for input 'A' for model 'm'. Expected [-1,16], got [1,15]. NOTE: max_batch_size is not 0, so the shape begins with the batch dimension, which the configured dims leave out.",
  ],
  [
    'another shape without batching',
    requestOf([tensor('A', [1, 16])]),
    "unexpected shape for input 'A' for model 'm'. Expected [16], got [1,16].",
    fixedPlan,
  ],
  [
    'a negative dimension',
    requestOf([tensor('A', [1, -1, 2])]),
    "unexpected shape for input 'A' for model 'm'. Expected [-1,-1,2], got [1,-1,2]. NOTE: max_batch_size is not 0, so the shape begins with the batch dimension, which the configured dims leave out.",
    variablePlan,
  ],
  [
    'too few bytes',
    requestOf([tensor('A', [1, 16], { data: new Uint8Array(63) }), tensor('B', [1, 16])]),
    "input byte size mismatch for input 'A' for model 'm'. Expected 64, got 63",
  ],
  [
    'more elements than can be counted',
    requestOf([tensor('A', [8, 2 ** 52, 2], { data: new Uint8Array(0) })]),
    "input 'A' for model 'm' has a shape that causes total element count to exceed maximum size of 9007199254740991",
    variablePlan,
  ],
  [
    'too few strings',
    requestOf([tensor('A', [1, 2], { datatype: 'BYTES', data: packBytes(['x']) })]),
    "expected 2 string elements for inference input 'A' for model 'm', got 1",
    textPlan,
  ],
  [
    'too many strings',
    requestOf([tensor('A', [1, 2], { datatype: 'BYTES', data: packBytes(['x', 'y', 'z']) })]),
    "unexpected number of string elements 3 for inference input 'A' for model 'm', expecting 2",
    textPlan,
  ],
  [
    'a string whose length is cut',
    requestOf([tensor('A', [1, 2], { datatype: 'BYTES', data: new Uint8Array(3) })]),
    "incomplete string length indicator for inference input 'A' for model 'm', expecting 4 bytes but only 3 bytes available",
    textPlan,
  ],
  [
    'a string that is cut',
    requestOf([tensor('A', [1, 2], { datatype: 'BYTES', data: packBytes(['abc']).subarray(0, 6) })]),
    "incomplete string for inference input 'A' for model 'm', expecting string of length 3 but only 2 bytes available",
    textPlan,
  ],
  [
    'a reserved parameter',
    withParameters(new Map([['triton_x', 1]])),
    "parameter keys starting with 'triton_' are reserved, got 'triton_x'",
  ],
] as const) {
  test(`validateRequest refuses ${title}`, (t) => {
    const error = t.throws(() => validateRequest(request, on), { instanceOf: RefusalError });
    t.is(error.reason, 'invalid-argument');
    t.is(error.message, `[request id: <id_unknown>] ${message}`);
  });
}

for (const [title, request, message] of [
  [
    'shared memory of inputs',
    requestOf([tensor('A', [1, 16], { parameters: new Map([['shared_memory_region', 'r']]) }), tensor('B', [1, 16])]),
    "parameter 'shared_memory_region' of input 'A' is not supported yet",
  ],
] as const) {
  test(`validateRequest refuses ${title} as unsupported`, (t) => {
    const error = t.throws(() => validateRequest({ ...request, id: '7' }, plan), { instanceOf: RefusalError });
    t.deepEqual([error.reason, error.message], ['unsupported', `[request id: 7] ${message}`]);
  });
}

test('validateRequest puts inputs into the order of the plan', (t) => {
  const valid = validateRequest(requestOf(rows(3).toReversed()), plan);
  t.deepEqual(
    valid.inputs.map(({ name }) => name),
    ['A', 'B'],
  );
  t.deepEqual([valid.batchSize, valid.shapeKey], [3, '']);
});

test('validateRequest counts a request to a model without batching as one', (t) => {
  t.is(validateRequest(requestOf([tensor('A', [16])]), fixedPlan).batchSize, 1);
});

test('validateRequest gives equal keys to requests that differ in the batch size only', (t) => {
  const keyOf = (shape: readonly number[]) => validateRequest(requestOf([tensor('A', shape)]), variablePlan).shapeKey;
  t.is(keyOf([1, 5, 2]), keyOf([4, 5, 2]));
  t.not(keyOf([1, 5, 2]), keyOf([1, 6, 2]));
});

for (const key of ['priority', 'timeout']) {
  for (const value of [-1, 1.5, '1', true]) {
    test(`validateRequest refuses ${key} ${JSON.stringify(value)}`, (t) => {
      const error = t.throws(() => validateRequest(withParameters(new Map([[key, value]])), plan), {
        message: `[request id: <id_unknown>] parameter '${key}' must be an unsigned integer, got '${value}'`,
      });
      t.like(error, { reason: 'invalid-argument' });
    });
  }
}

test('validateRequest reads priority, and timeout in microseconds', (t) => {
  const given = new Map([
    ['priority', 2],
    ['timeout', 3],
  ]);
  t.like(validateRequest(withParameters(given), plan), { priority: 2, timeout: 3000 });
  t.like(validateRequest(requestOf(rows(1)), plan), { priority: 0, timeout: 0 });
});

test('validateRequest reads where a request stands in its sequence', (t) => {
  const markOf = (entries: Record<string, ParameterValue>) =>
    validateRequest(withParameters(new Map(Object.entries(entries))), plan).sequence;
  t.deepEqual(markOf({ sequence_id: 3, sequence_start: true }), { id: 3n, isStart: true, isEnd: false });
  t.deepEqual(markOf({ sequence_id: 2n ** 64n - 1n, sequence_end: true }), {
    id: 2n ** 64n - 1n,
    isStart: false,
    isEnd: true,
  });
  t.deepEqual(markOf({ sequence_id: '3' }), { id: '3', isStart: false, isEnd: false });
  for (const id of [0, '']) t.is(markOf({ sequence_id: id, sequence_start: true }), undefined);
});

for (const [key, value, message] of [
  ['sequence_id', -1, "parameter 'sequence_id' must be an unsigned 64-bit integer or a string, got '-1'"],
  ['sequence_id', 1.5, "parameter 'sequence_id' must be an unsigned 64-bit integer or a string, got '1.5'"],
  ['sequence_id', true, "parameter 'sequence_id' must be an unsigned 64-bit integer or a string, got 'true'"],
  [
    'sequence_id',
    2n ** 64n,
    `parameter 'sequence_id' must be an unsigned 64-bit integer or a string, got '${2n ** 64n}'`,
  ],
  ['sequence_id', 'ä'.repeat(65), 'string correlation ID cannot be longer than 128 bytes'],
  ['sequence_start', 1, "parameter 'sequence_start' must be true or false, got '1'"],
  ['sequence_end', 'true', "parameter 'sequence_end' must be true or false, got 'true'"],
] as const) {
  test(`validateRequest refuses ${key} ${value}`, (t) => {
    const error = t.throws(() => validateRequest(withParameters(new Map([[key, value]])), plan));
    t.like(error, { reason: 'invalid-argument', message: `[request id: <id_unknown>] ${message}` });
  });
}

test('validateRequest ignores parameters at their defaults and those it need not know', (t) => {
  const parameters = new Map<string, string | number | boolean>([
    ['sequence_id', 0],
    ['priority', 1],
    ['mine', 'x'],
  ]);
  t.is(validateRequest(withParameters(parameters), plan).batchSize, 1);
});
