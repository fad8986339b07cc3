import test from 'ava';
import { firstMismatch } from '../../../analyzer/answers/compare-outputs.js';
import type { Datatype } from '../../../src/protocol/datatype.js';
import { datatypeFacts } from '../../../src/protocol/datatype.js';
import { type Element, elementCodecs } from '../../../src/protocol/element-codec.js';
import { noParameters } from '../../../src/protocol/infer.js';
import { packBytes } from '../../../src/protocol/tensor.js';

function raw(datatype: Datatype, values: readonly (Element | string)[]): Uint8Array {
  if (datatype === 'BYTES') return packBytes(values as string[]);
  const step = datatypeFacts[datatype].sizeBytes ?? 1;
  const data = new Uint8Array(values.length * step);
  const view = new DataView(data.buffer);
  for (const [index, value] of values.entries()) elementCodecs[datatype].write(view, index * step, value as Element);
  return data;
}

type Values = readonly (Element | string)[];

function compare(datatype: Datatype, expected: Values, got: Values, [absolute, relative]: readonly number[] = []) {
  const wanted = [{ name: 'y', datatype, data: raw(datatype, expected) }];
  const shape = [got.length];
  const outputs = [{ name: 'y', datatype, shape, data: raw(datatype, got), parameters: noParameters }];
  return firstMismatch(wanted, outputs, { absolute: absolute ?? 0, relative: relative ?? 0 });
}

const cases: readonly (readonly [Datatype, Values, Values, readonly number[] | undefined, string | undefined])[] = [
  [
    'FP32',
    [1, 0.1, Number.NaN, Number.POSITIVE_INFINITY, 0],
    [1, 0.1, Number.NaN, Number.POSITIVE_INFINITY, -0],
    undefined,
    undefined,
  ],
  ['FP32', [1, 2], [1, 2.5], undefined, "output 'y', index 1: expected 2, got 2.5"],
  ['FP32', [1, 2], [1, 2.5], [0.5], undefined],
  ['FP32', [1, 2], [1, 2.5], [0.25, 0.125], undefined],
  ['FP32', [1, -2], [1, -2.5], [0.25, 0.0625], "output 'y', index 1: expected -2, got -2.5"],
  ['FP64', [1e-9], [2e-9], [0, 0.5], "output 'y', index 0: expected 1e-9, got 2e-9"],
  ['FP32', [Number.NaN], [1], [1e9], "output 'y', index 0: expected NaN, got 1"],
  ['FP32', [1], [Number.POSITIVE_INFINITY], [1e9], "output 'y', index 0: expected 1, got Infinity"],
  ['FP16', [1], [1.5], [0.25], "output 'y', index 0: expected 1, got 1.5"],
  ['BF16', [1], [1.5], [0.5], undefined],
  [
    'INT64',
    [9007199254740993n],
    [9007199254740992n],
    undefined,
    "output 'y', index 0: expected 9007199254740993, got 9007199254740992",
  ],
  ['UINT64', [18446744073709551615n], [18446744073709551614n], [1], undefined],
  ['INT32', [1, 2, 3], [1, 2, 4], undefined, "output 'y', index 2: expected 3, got 4"],
  ['UINT8', [1, 2], [1], [9], "output 'y': expected 2 elements, got 1"],
  ['BOOL', [true], [false], [9], "output 'y', index 0: expected true, got false"],
  ['BYTES', ['a', 'bc'], ['a', 'bc'], undefined, undefined],
  ['BYTES', ['a', 'b"'], ['a', 'x'], [9], `output 'y', index 1: expected "b\\"", got "x"`],
  ['BYTES', ['a'], ['a', 'b'], undefined, "output 'y': expected 1 elements, got 2"],
];
for (const [datatype, expected, got, tolerance, message] of cases) {
  test(`firstMismatch ${datatype} [${expected}] with [${got}], tolerance ${tolerance ?? 0}`, (t) => {
    t.is(compare(datatype, expected, got, tolerance), message);
  });
}

test('firstMismatch names a missing output and another datatype', (t) => {
  const wanted = [{ name: 'y', datatype: 'FP32' as const, data: raw('FP32', [1]) }];
  const tolerance = { absolute: 0, relative: 0 };
  const output = { shape: [1], data: raw('INT32', [1]), parameters: noParameters, datatype: 'INT32' as const };
  t.is(firstMismatch(wanted, [{ ...output, name: 'z' }], tolerance), "output 'y': expected it in the answer, got z");
  t.is(firstMismatch(wanted, [{ ...output, name: 'y' }], tolerance), "output 'y': expected FP32, got INT32");
  t.is(firstMismatch([], [{ ...output, name: 'z' }], tolerance), undefined);
});
