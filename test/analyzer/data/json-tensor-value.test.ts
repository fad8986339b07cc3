import test from 'ava';
import { tensorFromJson } from '../../../analyzer/data/json-tensor-value.js';
import { PerfError } from '../../../src/core/perf-error.js';
import type { Datatype } from '../../../src/protocol/datatype.js';
import { parseExactJson } from '../../../src/protocol/exact-json.js';
import { rawFromContents } from '../../../src/protocol/grpc-contents.js';
import { tensorDataFromJson } from '../../../src/protocol/json-tensor.js';
import { packBytes } from '../../../src/protocol/tensor.js';

const where = "d.json, stream 0, step 1, input 'x'";
const read = (text: string, datatype: Datatype, dims: readonly number[] = [-1], flagDims?: readonly number[]) =>
  tensorFromJson(parseExactJson(text), { name: 'x', datatype, dims }, { where, flagDims });

/** Text of data, and the same elements for the codec of the HTTP protocol, where the two differ. */
const samples: readonly (readonly [Datatype, string, string?])[] = [
  ['BOOL', '[true, false, 1, 0]', '[true, false, true, false]'],
  ['UINT8', '[0, 255]'],
  ['UINT16', '[0, 65535]'],
  ['UINT32', '[0, 4294967295]'],
  ['UINT64', '[0, 18446744073709551615, 9007199254740993]'],
  ['UINT64', '["18446744073709551615", "+7"]', '[18446744073709551615, 7]'],
  ['INT8', '[-128, 127, 1.0]', '[-128, 127, 1]'],
  ['INT16', '[-32768, 32767]'],
  ['INT32', '[-2147483648, 2147483647]'],
  ['INT64', '[-9223372036854775808, 9223372036854775807, -9007199254740993]'],
  ['INT64', '["-9223372036854775808"]', '[-9223372036854775808]'],
  ['FP32', '[1, -2, 0.1, 1e-45, NaN, -Infinity, 16777217]'],
  ['FP64', '[1, 0.1, 9007199254740993, -0.0, NaN]'],
  ['BYTES', '["", "plain", "snowman ☃", "a\\u0000b"]'],
];
for (const [datatype, text, same = text] of samples) {
  test(`tensorFromJson ${datatype} ${text} is what the protocol's codec makes of it`, (t) => {
    const { dims, data } = read(text, datatype);
    t.deepEqual(
      Buffer.from(data),
      Buffer.from(tensorDataFromJson(parseExactJson(same), { name: 'x', datatype, shape: dims })),
    );
  });
}

test('tensorFromJson of 64-bit integers agrees with the typed contents of gRPC', (t) => {
  const tensor = { name: 'x', datatype: 'INT64', shape: [2] } as const;
  const contents = { int64_contents: ['-9007199254740993', '9223372036854775807'] };
  const { data } = read('[-9007199254740993, "9223372036854775807"]', 'INT64');
  t.deepEqual(Buffer.from(data), Buffer.from(rawFromContents(contents, tensor)));
});

test('tensorFromJson takes numbers for FP16 and BF16', (t) => {
  t.deepEqual(
    [...read('[1, -2.5, 65504, 0.1, Infinity]', 'FP16').data],
    [0x00, 0x3c, 0x00, 0xc1, 0xff, 0x7b, 0x66, 0x2e, 0x00, 0x7c],
  );
  t.deepEqual([...read('[1, -2.5, 3.1416]', 'BF16').data], [0x80, 0x3f, 0x20, 0xc0, 0x49, 0x40]);
});

const int16 = Buffer.from(Int16Array.of(1, 2, 3, 4).buffer);
const forms: readonly (readonly [string, string, readonly number[], readonly number[], (readonly number[])?])[] = [
  ['a flat list for fixed dimensions', '[1,2,3,4]', [2, 2], [2, 2]],
  ['a flat list with one variable dimension', '[1,2,3,4]', [2, -1], [2, 2]],
  ['a flat list with --shape', '[1,2,3,4]', [-1, -1], [4, 1], [4, 1]],
  ['data that is not of the --shape', '[1,2,3,4]', [-1], [4], [7]],
  ['a nested list', '[[1,2],[3,4]]', [-1, -1], [2, 2]],
  ['a nested list before --shape', '[[1,2],[3,4]]', [-1, -1], [2, 2], [4, 1]],
  ['a nested list for one dimension', '[[1,2],[3,4]]', [-1], [4]],
  ['content with shape', '{"content":[1,2,3,4],"shape":[1,4]}', [-1, -1], [1, 4], [2, 2]],
  ['content without shape', '{"content":[1,2,3,4]}', [4], [4]],
  ['b64', `{"b64":"${int16.toString('base64')}","shape":[2,2]}`, [-1, -1], [2, 2]],
  ['b64 in content', `{"content":{"b64":"${int16.toString('base64')}"},"shape":[4]}`, [-1], [4]],
];
for (const [what, text, dims, expected, flag] of forms) {
  test(`tensorFromJson ${what}`, (t) => {
    const tensor = read(text, 'INT16', dims, flag);
    t.deepEqual(tensor.dims, expected);
    t.deepEqual(Buffer.from(tensor.data), int16);
  });
}

test('tensorFromJson scalars and empty tensors', (t) => {
  t.deepEqual(read('[5]', 'INT8', []), { dims: [], data: Uint8Array.of(5) });
  t.deepEqual(read('[]', 'INT8').dims, [0]);
});

test('tensorFromJson b64 of BYTES holds the lengths', (t) => {
  const packed = Buffer.from(packBytes(['a', 'bc']));
  const { dims, data } = read(`{"b64":"${packed.toString('base64')}"}`, 'BYTES');
  t.deepEqual(dims, [2]);
  t.deepEqual(Buffer.from(data), packed);
});

const refused: readonly (readonly [Datatype, string, RegExp, (readonly number[])?])[] = [
  ['INT32', '[1, 1.5]', /input 'x', element 1: expected an integer from -2147483648 to 2147483647 for INT32, got 1.5/],
  ['INT8', '[128]', /from -128 to 127 for INT8, got 128/],
  ['UINT64', '[-1]', /from 0 to 18446744073709551615 for UINT64, got -1/],
  ['UINT64', '[18446744073709551616]', /got 18446744073709551616/],
  ['INT64', '["1.5"]', /got "1.5"/],
  ['INT64', '[1e17]', /got 100000000000000000/],
  ['FP32', '["1"]', /expected a number for FP32, got "1"/],
  ['FP32', '[1e39]', /a number from -3.4\d+e\+38 to 3.4\d+e\+38 for FP32, got 1e\+39/],
  ['FP16', '[65505]', /from -65504 to 65504 for FP16, got 65505/],
  ['BOOL', '[2]', /expected true or false \(or 1 or 0\) for BOOL, got 2/],
  ['BYTES', '["a", 1]', /element 1: expected a string, got 1/],
  ['FP32', '1', /expected a list, \{"content", "shape"\} or \{"b64", "shape"\}, got 1/],
  ['FP32', '{"content":[1],"b64":"AA=="}', /expected a list, /],
  ['FP32', '{"content":"AA=="}', /expected a list, /],
  ['FP32', '{"content":[1],"shapes":[1]}', /expected a list, /],
  ['FP32', '{"content":[1],"shape":[-1]}', /expected a shape of integers that are not negative, got \[-1\]/],
  ['FP32', '{"content":[1],"shape":[1,1]}', /expected a shape that fits \[-1\], got \[1,1\] with 1/],
  ['FP32', '{"content":[1,2],"shape":[3]}', /expected 3 elements for shape \[3\], got \[3\] with 2/],
  ['FP32', '{"b64":"AAA"}', /expected base64 of FP32 elements, 4 bytes each, got 2 bytes/],
  ['FP32', '{"b64":"A!AA"}', /expected base64 text/],
  ['BYTES', '{"b64":"AAAAAAE="}', /expected base64 of elements that each begin with their length/],
  ['FP32', '[1,2,3]', /expected 4 elements for shape \[2,2\], got 3 elements/, [2, 2]],
  ['FP32', '[1,2,3]', /expected a multiple of 2 elements for shape \[2,-1\]/, [2, -1]],
  ['FP32', '[1,2,3]', /expected a shape with the data, or --shape, for the variable shape \[-1,-1\]/, [-1, -1]],
  ['FP32', `${'['.repeat(101)}1${']'.repeat(101)}`, /at most 100 lists/],
];
for (const [datatype, text, message, dims] of refused) {
  test(`tensorFromJson refuses ${text.slice(0, 40)} for ${datatype} [${dims ?? -1}]`, (t) => {
    const error = t.throws(() => read(text, datatype, dims), { instanceOf: PerfError, message });
    t.true(error?.message.startsWith(`Cannot use ${where}`), error?.message);
    t.is(error?.code, 'file');
  });
}
