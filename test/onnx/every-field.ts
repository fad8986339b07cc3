import { attributeType } from '../../src/onnx/attribute.js';
import type { AttributeProto, GraphProto, ModelProto, NodeProto } from '../../src/onnx/model-proto.js';
import { tensorDataType } from '../../src/onnx/tensor.js';

const entries = [{ key: 'key', value: 'value' }];
const text = Buffer.from('text');

/** Field 100, a string: what a later version of the format might add. */
const $unknowns = [Buffer.from([0xa2, 0x06, 0x03, 0x6e, 0x65, 0x77])];

const tensor = {
  name: 'tensor',
  dims: [2, -1],
  dataType: tensorDataType.FLOAT,
  segment: { begin: 1, end: 2 },
  floatData: [1.5, -2.5],
  int32Data: [-1, 2147483647],
  stringData: [text],
  int64Data: [-1, { low: 0, high: -2147483648 }, { low: -1, high: 2147483647 }],
  rawData: Uint8Array.of(1, 2, 3),
  doubleData: [Math.PI],
  uint64Data: [{ low: -1, high: -1 }],
  docString: 'doc',
  externalData: [{ key: 'location', value: 'weights.bin' }],
  dataLocation: 1,
  metadataProps: entries,
  $unknowns,
};

const sparse = { values: tensor, indices: tensor, dims: [3] };

const shape = { dim: [{ dimValue: 3, denotation: 'BATCH' }, { dimParam: 'n' }, {}] };
const tensorType = { tensorType: { elemType: 1, shape }, denotation: 'IMAGE' };
const types = [
  tensorType,
  { sequenceType: { elemType: tensorType } },
  { mapType: { keyType: 7, valueType: tensorType } },
  { sparseTensorType: { elemType: 1, shape } },
  { optionalType: { elemType: { sequenceType: { elemType: { tensorType: { elemType: 8 } } } } } },
];

const values = types.map((type, index) => ({ name: `value${index}`, type, docString: 'doc', metadataProps: entries }));

const subgraph: GraphProto = {
  name: 'then',
  node: [{ opType: 'Identity', input: ['x'], output: ['y'] }],
  initializer: [tensor],
  input: [],
  output: values,
};

const attributes: readonly AttributeProto[] = [
  { name: 'f', f: 0, type: attributeType.FLOAT },
  { name: 'i', i: { low: -1, high: 2147483647 }, type: attributeType.INT },
  { name: 's', s: text, type: attributeType.STRING },
  { name: 't', t: tensor, type: attributeType.TENSOR },
  { name: 'g', g: subgraph, type: attributeType.GRAPH },
  { name: 'floats', floats: [1, 2], type: attributeType.FLOATS },
  { name: 'ints', ints: [0, -9007199254740991], type: attributeType.INTS },
  { name: 'strings', strings: [text, Buffer.from([0xff, 0x00])], type: attributeType.STRINGS },
  { name: 'tensors', tensors: [tensor], type: attributeType.TENSORS },
  { name: 'graphs', graphs: [subgraph], type: attributeType.GRAPHS },
  { name: 'tp', tp: tensorType, type: attributeType.TYPE_PROTO },
  { name: 'type_protos', typeProtos: types, type: attributeType.TYPE_PROTOS },
  { name: 'sparse_tensor', sparseTensor: sparse, type: attributeType.SPARSE_TENSOR },
  { name: 'sparse_tensors', sparseTensors: [sparse], type: attributeType.SPARSE_TENSORS },
  { name: 'ref', refAttrName: 'outer', type: attributeType.FLOAT, docString: 'doc', $unknowns },
];

const node: NodeProto = {
  name: 'node',
  opType: 'Custom',
  domain: 'com.example',
  overload: 'v2',
  input: ['a', '', 'b'],
  output: ['c'],
  attribute: attributes,
  docString: 'doc',
  metadataProps: entries,
  $unknowns,
};

/** A model with each field that we read, fields that we do not know, and integers beyond 2^53. Not a valid graph. */
export const everyField: ModelProto = {
  irVersion: 10,
  producerName: 'producer',
  producerVersion: '1.2',
  domain: 'com.example',
  modelVersion: 3,
  docString: 'doc',
  graph: {
    node: [node],
    name: 'graph',
    initializer: [tensor],
    docString: 'doc',
    input: values,
    output: values,
    valueInfo: values,
    quantizationAnnotation: [{ tensorName: 'tensor', quantParameterTensorNames: entries }],
    sparseInitializer: [sparse],
    metadataProps: entries,
    $unknowns,
  },
  opsetImport: [{ version: 21 }, { domain: 'com.example', version: 1 }],
  metadataProps: entries,
  functions: [
    {
      name: 'function',
      input: ['x'],
      output: ['y'],
      attribute: ['alpha'],
      node: [node],
      docString: 'doc',
      opsetImport: [{ domain: '', version: 21 }],
      domain: 'com.example',
      attributeProto: attributes,
      valueInfo: values,
      overload: 'v2',
      metadataProps: entries,
    },
  ],
  $unknowns,
};
