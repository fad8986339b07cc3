import test from 'ava';
import { type Datatype, datatypeFacts, isDatatype } from '../../src/protocol/datatype.js';
import { parseExactJson } from '../../src/protocol/exact-json.js';
import { tensorDataFromJson, tensorDataToJson } from '../../src/protocol/json-tensor.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import { sampleTensor } from '../contract/sample-tensor.js';

const hasJson = (datatype: Datatype): boolean => datatypeFacts[datatype].contents !== undefined;

for (const datatype of Object.keys(datatypeFacts).filter(isDatatype).filter(hasJson)) {
  test(`tensorDataFromJson reverses tensorDataToJson for ${datatype}`, (t) => {
    const { shape, data } = sampleTensor(datatype);
    const tensor = { name: 'A', datatype, shape };
    const text = tensorDataToJson({ ...tensor, data });
    t.deepEqual(Buffer.from(tensorDataFromJson(parseExactJson(text), tensor)), Buffer.from(data), text);
  });
}

test('tensorDataFromJson keeps NUL in text', (t) => {
  const tensor = { name: 'A', datatype: 'BYTES', shape: [1] } as const;
  const data = tensorDataFromJson(['a\u0000b'], tensor);
  t.deepEqual([...data], [3, 0, 0, 0, 97, 0, 98]);
  t.is(tensorDataToJson({ ...tensor, data }), '["a\\u0000b"]');
});

test('tensorDataToJson keeps a byte order mark in front of text', (t) => {
  const tensor = { name: 'A', datatype: 'BYTES', shape: [1] } as const;
  const data = tensorDataFromJson(['\ufeffab'], tensor);
  t.is(data[0], 5);
  t.is(tensorDataToJson({ ...tensor, data }), '["\ufeffab"]');
});

test('tensorDataToJson writes flat arrays and the literals of Triton', (t) => {
  const data = new Uint8Array(Float32Array.of(1, -0, Number.NaN, Infinity, -Infinity, 0.5).buffer);
  t.is(tensorDataToJson({ name: 'A', datatype: 'FP32', shape: [2, 3], data }), '[1,-0,NaN,Infinity,-Infinity,0.5]');
  t.is(tensorDataToJson({ name: 'A', datatype: 'FP32', shape: [0], data: new Uint8Array(0) }), '[]');
});

test('tensorDataFromJson takes any nesting with the right count', (t) => {
  const expected = Uint8Array.of(1, 2, 3, 4);
  for (const data of [
    [1, 2, 3, 4],
    [
      [1, 2],
      [3, 4],
    ],
    [[[1], [2, 3]], 4],
    [[], [1, 2, 3, 4]],
  ]) {
    t.deepEqual(tensorDataFromJson(data, { name: 'A', datatype: 'UINT8', shape: [2, 2] }), expected);
  }
  t.is(tensorDataFromJson([], { name: 'A', datatype: 'FP32', shape: [0, 5] }).length, 0);
});

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

test('tensorDataFromJson limits the nesting to 100', (t) => {
  const tensor = { name: 'A', datatype: 'UINT8', shape: [1] } as const;
  t.is(tensorDataFromJson(nested(100), tensor).length, 1);
  t.throws(() => tensorDataFromJson(nested(101), tensor), {
    instanceOf: ProtocolError,
    message: 'JSON nesting depth exceeds maximum allowed limit (100)',
  });
});

const refused: readonly [datatype: Datatype, data: unknown, message: RegExp][] = [
  ['INT8', [300], /of type INT8: expected an integer from -128 to 127, got 300/],
  ['UINT32', [-1], /expected an integer from 0 to 4294967295, got -1/],
  ['INT32', [1.5], /expected an integer, got 1.5/],
  ['INT64', [1e300], /expected an integer, got 1e\+300/],
  ['INT64', [2n ** 63n], /expected an integer from -9223372036854775808 to .*, got 9223372036854775808/],
  ['INT32', ['1'], /expected a number, got "1"/],
  ['FP32', [null], /expected a number, got null/],
  ['FP32', [{}], /expected a number, got \{\}/],
  ['BOOL', [1], /expected true or false, got 1/],
  ['BYTES', [1], /expected a string, got 1/],
  ['BYTES', ['\ud800'], /expected a string of well-formed Unicode, got "\\ud800"/],
  ['BYTES', [{ x: 'y'.repeat(1000) }], /got .{80}\.\.\.$/],
  [
    'FP32',
    [1, 2],
    /^Unable to parse 'data': Shape does not match true shape of 'data' field of .*expected 1 elements, got 2/,
  ],
  ['FP32', [], /^Failed to parse 'data' field: shape does not match true shape of .*expected 1 elements, got 0/],
  ['FP32', 1, /'data' of tensor 'A' must be an array/],
  ['FP32', undefined, /'data' of tensor 'A' must be an array/],
  ['FP16', [1], /^receiving FP16 data via JSON is not supported. Please use the binary data format for input A/],
  ['BF16', [1], /^receiving BF16 data via JSON is not supported/],
];

for (const [datatype, data, message] of refused) {
  test(`tensorDataFromJson refuses ${typeof data} as ${datatype} with ${message.source}`, (t) => {
    t.throws(() => tensorDataFromJson(data, { name: 'A', datatype, shape: [1] }), {
      instanceOf: ProtocolError,
      message,
    });
  });
}

test('tensorDataToJson refuses 16-bit floats', (t) => {
  const message = /^sending FP16 data via JSON is not supported. Please use the binary data format for output A/;
  const tensor = { name: 'A', datatype: 'FP16', shape: [1], data: new Uint8Array(2) } as const;
  t.throws(() => tensorDataToJson(tensor), { instanceOf: ProtocolError, message });
});
