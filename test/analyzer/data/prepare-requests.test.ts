import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { InputSpec } from '../../../analyzer/data/model-signature.js';
import { type PrepareOptions, prepareRequests } from '../../../analyzer/data/prepare-requests.js';
import type { PreparedRequest } from '../../../analyzer/data/step.js';
import type { InputDataSettings } from '../../../src/core/input-data.js';
import { PerfError } from '../../../src/core/perf-error.js';
import { input, signatureOf } from './signature.js';

const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-test-'));
test.after.always(() => rmSync(folder, { recursive: true }));
let files = 0;
function fileOf(content: unknown): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
function folderOf(content: Readonly<Record<string, string | Uint8Array>>): string {
  const path = join(folder, `folder-${files++}`);
  mkdirSync(path);
  for (const [name, bytes] of Object.entries(content)) writeFileSync(join(path, name), bytes);
  return path;
}

const random: InputDataSettings = {
  source: 'random',
  paths: [],
  generators: {},
  stringLength: 4,
  tolerance: { absolute: 0, relative: 0 },
};
const imageAndTokens = signatureOf([input('image', 'FP32', [3, 4]), input('tokens', 'INT64', [-1])]);
const made: PrepareOptions = {
  signature: imageAndTokens,
  batchSize: 2,
  data: random,
  shapes: { tokens: [{ dims: [5], weight: 1 }] },
  seed: 7,
};
const bytes = signatureOf([input('a', 'UINT8', [-1])]);
const given = (paths: readonly string[], change: Partial<PrepareOptions> = {}): PrepareOptions => ({
  signature: bytes,
  batchSize: 1,
  data: { ...random, source: 'files', paths },
  shapes: {},
  seed: 7,
  ...change,
});

const shapesOf = ({ request }: PreparedRequest) => request.inputs.map(({ name, shape }) => [name, shape]);
const dataOf = ({ request }: PreparedRequest, name: string) => [
  ...(request.inputs.find((each) => each.name === name)?.data ?? []),
];

// ------------------------------------------------------------------------------------- data that is made

test('prepareRequests puts the batch before the shapes', (t) => {
  t.deepEqual(shapesOf(prepareRequests(made)[0] as PreparedRequest), [
    ['image', [2, 3, 4]],
    ['tokens', [2, 5]],
  ]);
});

test('prepareRequests without batching sends the shape as it is', (t) => {
  const signature = { ...imageAndTokens, isBatching: false };
  t.deepEqual(shapesOf(prepareRequests({ ...made, signature, batchSize: 1 })[0] as PreparedRequest), [
    ['image', [3, 4]],
    ['tokens', [5]],
  ]);
});

test('prepareRequests makes eight, all different, and the same for the same seed', (t) => {
  const data = (seed: number) => prepareRequests({ ...made, seed }).map((each) => String(dataOf(each, 'image')));
  t.is(new Set(data(7)).size, 8);
  t.deepEqual(data(7), data(7));
  t.notDeepEqual(data(7), data(8));
});

test('prepareRequests a generator for one input leaves the others alone', (t) => {
  const generators = { tokens: { kind: 'constant', value: '3' } } as const;
  const changed = prepareRequests({ ...made, data: { ...random, generators } });
  t.deepEqual(
    changed.map((each) => dataOf(each, 'image')),
    prepareRequests(made).map((each) => dataOf(each, 'image')),
  );
  t.deepEqual([...new Set(changed.flatMap((each) => dataOf(each, 'tokens')))].sort(), [0, 3]);
});

test('prepareRequests of a large model stay within memory', (t) => {
  const signature = signatureOf([input('x', 'FP32', [10_000_000])]);
  const requests = prepareRequests({ ...made, signature, batchSize: 1, shapes: {} });
  t.is(new Set(requests).size, 2);
  t.is(requests.length, 8);
});

test('prepareRequests mixes shapes by their weights, with up to eight requests of each', (t) => {
  const shapes = {
    tokens: [
      { dims: [5], weight: 0.7 },
      { dims: [6], weight: 0.3 },
    ],
  };
  const requests = prepareRequests({ ...made, shapes });
  const isShort = (each: PreparedRequest) => each.request.inputs[1]?.shape[1] === 5;
  t.is(requests.length, 20);
  t.is(requests.filter(isShort).length, 14);
  t.is(new Set(requests.filter(isShort)).size, 8);
  t.is(new Set(requests.filter((each) => !isShort(each))).size, 6);
});

const optional: InputSpec = { ...input('b', 'UINT8', [1]), isOptional: true };

const refusedToMake: readonly (readonly [string, Partial<PrepareOptions>, RegExp])[] = [
  ['a variable input without a shape', { shapes: {} }, /input 'tokens': expected --shape tokens:<dims>/],
  [
    'a generator for an unknown input',
    { data: { ...random, generators: { x: { kind: 'constant', value: '1' } } } },
    /--input x: expected an input of model 'm' \(image, tokens\)/,
  ],
  [
    'a shape tensor',
    { signature: signatureOf([{ ...input('s', 'INT64', [1]), isShapeTensor: true }]), shapes: {} },
    /shape tensor 's'/,
  ],
];
for (const [what, change, message] of refusedToMake) {
  test(`prepareRequests refuses ${what}`, (t) => {
    const error = t.throws(() => prepareRequests({ ...made, ...change }), { instanceOf: PerfError, message });
    t.is(error?.code, 'usage');
  });
}

// ------------------------------------------------------------------------------------- data that is given

const steps = (...values: number[]) => values.map((value) => ({ a: [value] }));

test('prepareRequests uses all steps of all streams of all files in their order', (t) => {
  const paths = [fileOf({ data: [steps(1, 2), steps(3)] }), fileOf({ data: [steps(4, 5)] })];
  const requests = prepareRequests(given(paths));
  t.deepEqual(
    requests.map((each) => dataOf(each, 'a')),
    [[1], [2], [3], [4], [5]],
  );
});

test('prepareRequests a batch holds consecutive steps, and goes on behind the last one', (t) => {
  const path = fileOf({ data: steps(0, 1, 2, 3, 4, 5) });
  const batches = (batchSize: number) => prepareRequests(given([path], { batchSize })).map((each) => dataOf(each, 'a'));
  t.deepEqual(batches(2), [
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  t.deepEqual(batches(4), [
    [0, 1, 2, 3],
    [4, 5, 0, 1],
    [2, 3, 4, 5],
  ]);
  t.deepEqual(batches(7).slice(0, 2), [
    [0, 1, 2, 3, 4, 5, 0],
    [1, 2, 3, 4, 5, 0, 1],
  ]);
  t.is(batches(7).length, 6);
  t.deepEqual(prepareRequests(given([path], { batchSize: 4 }))[0]?.request.inputs[0]?.shape, [4, 1]);
});

test('prepareRequests steps may have shapes of their own, before --shape', (t) => {
  const path = fileOf({ data: [{ a: [1, 2, 3] }, { a: { content: [4], shape: [1] } }, { a: [5, 6] }] });
  const shapes = { a: [{ dims: [2], weight: 1 }] };
  t.deepEqual(
    prepareRequests(given([path], { shapes })).map(({ request }) => request.inputs[0]?.shape),
    [
      [1, 3],
      [1, 1],
      [1, 2],
    ],
  );
});

test('prepareRequests optional inputs may be missing, and 64-bit integers keep their digits', (t) => {
  const signature = signatureOf([input('a', 'INT64', [1]), optional]);
  const path = fileOf('{"data":[{"a":[9223372036854775807]},{"a":["-1"],"b":[2],"model":"x"}]}');
  const [first, second] = prepareRequests(given([path], { signature }));
  t.deepEqual(dataOf(first as PreparedRequest, 'a'), [255, 255, 255, 255, 255, 255, 255, 127]);
  t.deepEqual(
    first?.request.inputs.map(({ name }) => name),
    ['a'],
  );
  t.deepEqual(dataOf(second as PreparedRequest, 'b'), [2]);
});

test('prepareRequests joins data files and generators', (t) => {
  const signature = signatureOf([input('a', 'UINT8', [-1]), input('b', 'UINT8', [2])]);
  const data: InputDataSettings = {
    ...random,
    source: 'files',
    paths: [fileOf({ data: steps(1, 2) })],
    generators: { b: { kind: 'sequence', start: 7, step: 1 } },
  };
  const requests = prepareRequests(given([], { signature, data, batchSize: 2 }));
  t.deepEqual(
    requests.map((each) => [dataOf(each, 'a'), dataOf(each, 'b')]),
    [
      [
        [1, 2],
        [7, 8, 7, 8],
      ],
    ],
  );
});

test('prepareRequests reads a folder: raw bytes, and a line for each element of BYTES', (t) => {
  const signature = signatureOf([input('a', 'INT16', [-1]), input('b', 'BYTES', [2])], {
    outputs: [{ name: 'y', datatype: 'UINT8', dims: [3] }],
  });
  const path = folderOf({ a: Uint8Array.of(1, 0, 2, 0), b: 'x\nyz\n', y: Uint8Array.of(7, 8, 9) });
  const data: InputDataSettings = { ...random, source: 'folder', paths: [path] };
  const [request, ...more] = prepareRequests(given([], { signature, data, batchSize: 2 }));
  t.deepEqual(more, []);
  t.deepEqual(shapesOf(request as PreparedRequest), [
    ['a', [2, 2]],
    ['b', [2, 2]],
  ]);
  t.deepEqual(dataOf(request as PreparedRequest, 'a'), [1, 0, 2, 0, 1, 0, 2, 0]);
  t.deepEqual([...(request?.expected[0]?.data ?? [])], [7, 8, 9, 7, 8, 9]);
});

test('prepareRequests gives the expected outputs of validation_data, batched', (t) => {
  const signature = signatureOf([input('a', 'UINT8', [1])], {
    outputs: [
      { name: 'y', datatype: 'FP16', dims: [1] },
      { name: 'z', datatype: 'UINT8', dims: [1] },
    ],
  });
  const path = fileOf({ data: steps(1, 2, 3), validation_data: [{ y: [1] }, { y: [-1] }, { y: [1], z: [3] }] });
  const [first] = prepareRequests(given([path], { signature }));
  t.deepEqual(
    first?.expected.map(({ name, datatype, data }) => [name, datatype, [...data]]),
    [['y', 'FP16', [0, 0x3c]]],
  );
  t.throws(() => prepareRequests(given([path], { signature, batchSize: 3 })), {
    message:
      /stream 0, step 0 and .*stream 0, step 2 into one batch: expected the same shape of 'z', got none and \[1\]/,
  });
});

const two = signatureOf([input('a', 'UINT8', [-1]), optional]);
const refusedFiles: readonly (readonly [string, unknown, RegExp, Partial<PrepareOptions>?])[] = [
  ['what is not JSON', '{"data":', /Cannot read --input-data .*json: expected JSON/],
  ['what is no object', [1], /expected an object with the member "data", got \[1\]/],
  ['no data', {}, /expected "data" to be a list of objects/],
  ['an empty list', { data: [] }, /expected "data" to be a list/],
  ['an empty stream', { data: [[]] }, /got a mixture, or an empty list/],
  ['steps and streams', { data: [{ a: [1] }, [{ a: [1] }]] }, /got a mixture/],
  [
    'a misspelt member',
    { data: steps(1), 'validation-data': [] },
    /no members but "data" and "validation_data", got "validation-data"/,
  ],
  [
    'a missing input',
    { data: [[{ a: [1] }], [{ a: [1] }, {}]] },
    /json, stream 1, step 1: expected data for input 'a', got none/,
  ],
  [
    'an unknown input',
    { data: [{ a: [1], c: [1] }] },
    /stream 0, step 0: expected inputs of model 'm' \(a, b\), got 'c'/,
  ],
  [
    'a bad element',
    { data: [{ a: [1] }, { a: [256] }] },
    /stream 0, step 1, input 'a', element 0: expected an integer from 0 to 255 for UINT8, got 256/,
  ],
  [
    'an unknown output',
    { data: steps(1), validation_data: [{ q: [1] }] },
    /expected outputs of model 'm' \(\), got 'q'/,
  ],
  [
    'validation of other steps',
    { data: steps(1, 2), validation_data: [{}] },
    /as many steps as "data" \(by stream: 2\), got 1/,
  ],
  [
    'different shapes in a batch',
    { data: [{ a: [1] }, { a: [1, 2] }] },
    /step 0 and .*step 1 into one batch: expected the same shape of 'a', got \[1\] and \[2\]/,
    { batchSize: 2 },
  ],
  [
    'an optional input in a part of a batch',
    { data: [{ a: [1] }, { a: [1], b: [2] }] },
    /same shape of 'b', got none and \[1\]/,
    { batchSize: 2 },
  ],
  [
    'a mix of shapes',
    { data: steps(1) },
    /Cannot mix shapes with data files/,
    {
      shapes: {
        a: [
          { dims: [1], weight: 1 },
          { dims: [2], weight: 1 },
        ],
      },
    },
  ],
];
for (const [what, content, message, change] of refusedFiles) {
  test(`prepareRequests refuses a data file with ${what}`, (t) => {
    const options = given([fileOf(content)], { signature: two, ...change });
    t.throws(() => prepareRequests(options), { instanceOf: PerfError, message });
  });
}

test('prepareRequests refuses an input from a file and from a generator', (t) => {
  const data: InputDataSettings = {
    ...random,
    source: 'files',
    paths: [fileOf({ data: steps(1) })],
    generators: { a: { kind: 'constant', value: '1' } },
  };
  t.throws(() => prepareRequests(given([], { data })), { message: /input 'a' here or with --input, got both/ });
});

test('prepareRequests refuses files of both forms', (t) => {
  const paths = [fileOf({ data: steps(1) }), fileOf({ data: [steps(1)] })];
  t.throws(() => prepareRequests(given(paths)), {
    message: /expected steps or streams in all files, as in .*got the other form/,
  });
});

test('prepareRequests refuses data files beyond what it may keep', (t) => {
  const signature = signatureOf([input('a', 'UINT8', [-1]), input('b', 'UINT8', [1_000_000])]);
  const data: InputDataSettings = {
    ...random,
    source: 'files',
    paths: [fileOf({ data: steps(1, 2, 3) })],
    generators: { b: { kind: 'constant', value: '1' } },
  };
  t.throws(() => prepareRequests(given([], { signature, data, batchSize: 1000 })), {
    instanceOf: PerfError,
    message: /with batch size 1000: expected requests of at most 1073741824 bytes together, got 3000003000/,
  });
});

const refusedFolders: readonly (readonly [string, Readonly<Record<string, string | Uint8Array>>, RegExp])[] = [
  ['a missing file', {}, /expected a file 'a', got none/],
  ['a superfluous file', { a: 'x', c: '' }, /only files named after inputs and outputs \(a, b\), got 'c'/],
  [
    'a file of the wrong size',
    { a: 'x', b: 'xx' },
    /folder-\d+\/b: expected 1 elements for shape \[1\], got 2 bytes of UINT8/,
  ],
];
for (const [what, content, message] of refusedFolders) {
  test(`prepareRequests refuses a folder with ${what}`, (t) => {
    const data: InputDataSettings = { ...random, source: 'folder', paths: [folderOf(content)] };
    t.throws(() => prepareRequests(given([], { signature: two, data })), { instanceOf: PerfError, message });
  });
}
