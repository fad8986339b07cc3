import test from 'ava';
import type { Datatype } from '../../src/protocol/datatype.js';
import { elementCodecs, type FixedDatatype } from '../../src/protocol/element-codec.js';
import { packBytes } from '../../src/protocol/tensor.js';
import { tensorValuesText } from '../../src/protocol/tensor-values.js';

const tensor = (datatype: Datatype, data: Uint8Array, name = 'x') => ({ name, datatype, shape: [-1], data });

function numbers(datatype: FixedDatatype, sizeBytes: number, values: readonly (number | bigint | boolean)[]) {
  const data = new Uint8Array(sizeBytes * values.length + 1).subarray(1); // not aligned
  const view = new DataView(data.buffer, data.byteOffset);
  for (const [index, value] of values.entries()) elementCodecs[datatype].write(view, index * sizeBytes, value);
  return tensor(datatype, data);
}

const cases = [
  [numbers('BOOL', 1, [true, false]), '[true,false]'],
  [numbers('UINT8', 1, [7]), '7'],
  [numbers('INT16', 2, [-7, 300]), '[-7,300]'],
  [numbers('UINT64', 8, [2n ** 64n - 1n, 1n]), '[18446744073709551615,1]'],
  [numbers('INT64', 8, [-(2n ** 63n)]), '-9223372036854775808'],
  [numbers('FP16', 2, [0.5, -2]), '[0.5,-2]'],
  [numbers('BF16', 2, [1.5]), '1.5'],
  [numbers('FP32', 4, [0.25, Number.NaN, Number.NEGATIVE_INFINITY]), '[0.25,null,null]'],
  [numbers('FP64', 8, [0.1, 1e300]), '[0.1,1e+300]'],
  [tensor('BYTES', packBytes(['a "word"'])), '"a \\"word\\""'],
  [tensor('BYTES', packBytes(['one', 'two'])), '["one","two"]'],
  [tensor('BYTES', packBytes([''])), '""'],
  [tensor('FP32', new Uint8Array(0)), '""'],
] as const;

for (const [given, expected] of cases) {
  test(`tensorValuesText ${given.datatype} ${expected}`, (t) => {
    t.is(tensorValuesText([given]), `{"x":${expected}}`);
    t.notThrows(() => JSON.parse(tensorValuesText([given])));
  });
}

test('tensorValuesText has all tensors, by name', (t) => {
  const [first, second] = [numbers('INT32', 4, [1, 2]), numbers('INT32', 4, [3])];
  t.is(tensorValuesText([{ ...first, name: 'a"b' }, second]), '{"a\\"b":[1,2],"x":3}');
  t.is(tensorValuesText([]), '{}');
});
