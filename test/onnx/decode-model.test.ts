import test from 'ava';
import { PerfError } from '../../src/core/perf-error.js';
import { decodeModel } from '../../src/onnx/decode-model.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import { everyField } from './every-field.js';

test('decodeModel reads every kind of field', (t) => {
  const { graph, functions, $unknowns } = decodeModel(encodeModel(everyField));
  const [node] = graph.node;
  const byName = new Map(node?.attribute?.map((attribute) => [attribute.name, attribute]));
  t.is(byName.get('f')?.f, 0);
  t.deepEqual(byName.get('i')?.i, { low: -1, high: 2147483647 });
  t.deepEqual(byName.get('ints')?.ints, [0, -9007199254740991]);
  t.is(byName.get('g')?.g?.node[0]?.opType, 'Identity');
  t.is(byName.get('type_protos')?.typeProtos?.[2]?.mapType?.valueType?.tensorType?.elemType, 1);
  t.is(byName.get('s')?.f, undefined, 'what is absent is undefined, not 0');
  t.deepEqual(
    graph.input[0]?.type?.tensorType?.shape?.dim.map(({ dimValue, dimParam }) => dimValue ?? dimParam),
    [3, 'n', undefined],
  );
  t.is(functions?.[0]?.node[0]?.opType, 'Custom');
  t.is($unknowns?.length, 1);
});

test('decodeModel gives tensors that view the bytes of the file', (t) => {
  const bytes = encodeModel(everyField);
  const raw = decodeModel(bytes).graph.initializer[0]?.rawData;
  t.deepEqual([...(raw ?? [])], [1, 2, 3]);
  t.is(raw?.buffer, bytes.buffer);
});

test('decodeModel reads packed numbers, as writers of protobuf 3 write them', (t) => {
  const tensor = [0x0a, 0x02, 0x03, 0x04, 0x10, 0x01]; // dims = 1: [3, 4], data_type = 2: 1
  const graph = [0x2a, tensor.length, ...tensor];
  const { graph: read } = decodeModel(Uint8Array.of(0x3a, graph.length, ...graph));
  t.deepEqual(read.initializer[0]?.dims, [3, 4]);
});

const whole = encodeModel(everyField);
const brokenFiles: readonly [string, Uint8Array, RegExp][] = [
  ['a file cut in half', whole.subarray(0, whole.length / 2), /index out of range/],
  ['a text file', Buffer.from('hello, this is no model'), /expected a whole ONNX file, got invalid wire type/],
  ['an empty file', new Uint8Array(0), /got no graph$/],
  [
    'a dimension beyond 2^53',
    encodeModel({
      opsetImport: [],
      graph: { node: [], initializer: [{ dims: [2 ** 60], dataType: 1 }], input: [], output: [] },
    }),
    /got dims of about 1152921504606847000$/,
  ],
];
for (const [what, bytes, message] of brokenFiles) {
  test(`decodeModel refuses ${what}`, (t) => {
    const error = t.throws(() => decodeModel(bytes), { instanceOf: PerfError, message });
    t.is(error?.code, 'model');
  });
}
