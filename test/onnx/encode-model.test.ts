import test from 'ava';
import { decodeModel } from '../../src/onnx/decode-model.js';
import { encodeInParts, encodeModel } from '../../src/onnx/encode-model.js';
import type { ModelProto } from '../../src/onnx/model-proto.js';
import { everyField } from './every-field.js';

const emptyGraph = { node: [], initializer: [], input: [], output: [] };

test('encodeModel writes the fields that the specification numbers, in ascending order', (t) => {
  const model: ModelProto = {
    opsetImport: [{ version: 17 }],
    graph: {
      ...emptyGraph,
      name: 'g',
      node: [{ opType: 'Relu', input: ['x'], output: ['y'] }],
      initializer: [{ name: 'w', dims: [2], dataType: 2, rawData: Uint8Array.of(7, 9) }],
      input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'n' }] } } } }],
    },
    irVersion: 8,
    producerName: 'p',
  };
  const expected = [
    '0808', // ir_version = 1
    '120170', // producer_name = 2
    '3a30', // graph = 7
    '0a0c 0a0178 120179 220452656c75', // node = 1: input = 1, output = 2, op_type = 4
    '120167', // name = 2
    '2a0b 0802 1002 420177 4a020709', // initializer = 5: dims = 1, data_type = 2, name = 8, raw_data = 9
    '5a10 0a0178 120b', // input = 11: name = 1, type = 2
    '0a09 0801 1205 0a03 12016e', // tensor_type = 1: elem_type = 1, shape = 2: dim = 1: dim_param = 2
    '4202 1011', // opset_import = 8: version = 2
  ];
  t.is(Buffer.from(encodeModel(model)).toString('hex'), expected.join('').replaceAll(' ', ''));
});

test('encodeModel gives back the bytes that decodeModel read, fields it does not know included', (t) => {
  const bytes = encodeModel(everyField);
  t.deepEqual(encodeModel(decodeModel(bytes)), bytes);
});

test('encodeModel keeps what decodeModel read when a node is copied by spread', (t) => {
  const model = decodeModel(encodeModel(everyField));
  const copy = { ...model, graph: { ...model.graph, node: model.graph.node.map((node) => ({ ...node })) } };
  t.deepEqual(encodeModel(copy), encodeModel(everyField));
});

test('encodeInParts gives the bytes of encodeModel, deferred tensors after the others', (t) => {
  const [rawData, later] = [Uint8Array.of(1, 2), new Uint8Array(300).fill(3)];
  const first = { name: 'a', dims: [2], dataType: 2, rawData };
  const second = { name: 'b', dims: [300], dataType: 2 };
  const model = { opsetImport: [{ version: 17 }], graph: { ...emptyGraph, initializer: [first] } };
  const deferred = [{ ...second, sizeBytes: 300, compute: () => later }];

  const { sizeBytes, parts } = encodeInParts({ model, deferred });
  const pieces = [...parts()];

  const whole = { ...model, graph: { ...emptyGraph, initializer: [first, { ...second, rawData: later }] } };
  t.deepEqual(new Uint8Array(Buffer.concat(pieces)), encodeModel(whole));
  t.is(sizeBytes, encodeModel(whole).length);
  t.true(pieces.includes(rawData), 'the bytes of a tensor are passed on, not copied');
  t.true(pieces.includes(later));
});
