import test from 'ava';
import { seededUint32 } from '../../src/core/random.js';
import { type Datatype, datatypeFacts, isDatatype } from '../../src/protocol/datatype.js';
import {
  decodeModelInferRequest,
  decodeModelInferResponse,
  encodeModelInferRequest,
  encodeModelInferResponse,
} from '../../src/protocol/grpc-infer.js';
import { type InferRequest, noParameters } from '../../src/protocol/infer.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import { messageType } from '../../src/protocol/schema.js';
import { sampleTensor } from '../contract/sample-tensor.js';

const plain = <T extends { readonly data: Uint8Array }>(tensors: readonly T[]) =>
  tensors.map((tensor) => ({ ...tensor, data: Buffer.from(tensor.data).toString('hex') }));

const requestOf = (datatype: Datatype): InferRequest => ({
  modelName: 'm',
  modelVersion: '3',
  id: 'r1',
  parameters: new Map<string, string | number | boolean>([
    ['text', 'x'],
    ['flag', false],
    ['whole', -5],
    ['real', 2.5],
    ['__proto__', 'own'],
  ]),
  inputs: [
    { name: 'A', datatype, ...sampleTensor(datatype), parameters: new Map([['k', 'v']]) },
    { name: 'B', datatype, ...sampleTensor(datatype), parameters: noParameters },
  ],
  outputs: [{ name: 'C', parameters: new Map([['classification', 2]]) }],
});

for (const datatype of Object.keys(datatypeFacts).filter(isDatatype)) {
  for (const form of ['raw', 'typed'] as const) {
    const hasForm = form === 'raw' || datatypeFacts[datatype].contents !== undefined;
    test(`encodeModelInferRequest ${hasForm ? 'carries' : 'refuses'} ${datatype} ${form}`, (t) => {
      const request = requestOf(datatype);
      const carry = () => {
        const decoded = decodeModelInferRequest(encodeModelInferRequest(request, form));
        return { ...decoded, inputs: plain(decoded.inputs) };
      };
      const expected = { ...request, inputs: plain(request.inputs) };
      t.deepEqual(hasForm ? carry() : t.throws(carry)?.name, hasForm ? expected : 'ProtocolError');
    });
  }
}

test('decodeModelInferRequest gives raw inputs as views of the message', (t) => {
  const bytes = encodeModelInferRequest(requestOf('FP32'));
  t.is(decodeModelInferRequest(bytes).inputs[0]?.data.buffer, bytes.buffer);
});

test('encodeModelInferRequest skips raw contents of shared memory', (t) => {
  const shared = new Map<string, string | number>([
    ['shared_memory_region', 'r'],
    ['shared_memory_byte_size', 64],
  ]);
  const [first, second] = requestOf('INT32').inputs;
  t.truthy(first && second);
  const inputs = [first, second].flatMap((input) => input ?? []);
  const request = {
    ...requestOf('INT32'),
    inputs: inputs.map((input, at) => (at === 0 ? { ...input, parameters: shared } : input)),
  };
  const decoded = decodeModelInferRequest(encodeModelInferRequest(request));
  t.deepEqual(
    decoded.inputs.map(({ data }) => data.length),
    [0, second?.data.length],
  );
});

test('encodeModelInferResponse has an empty entry for an output in shared memory', (t) => {
  const output = { name: 'X', datatype: 'INT8', shape: [2], data: new Uint8Array(0) } as const;
  const outputs = [{ ...output, parameters: new Map([['shared_memory_region', 'r']]) }];
  const response = { modelName: 'm', modelVersion: '1', id: '', parameters: noParameters, outputs };
  const decoded = decodeModelInferResponse(encodeModelInferResponse(response), new Set(['X']));
  t.deepEqual(
    decoded.outputs,
    [{ ...output, parameters: noParameters }].map((each) => ({ ...each, parameters: new Map() })),
  );
});

test('decodeModelInferResponse refuses more contents than outputs', (t) => {
  const bytes = messageType('inference.ModelInferResponse')
    .encode({ raw_output_contents: [Uint8Array.of(1)] })
    .finish();
  t.throws(() => decodeModelInferResponse(bytes), { message: 'expected 0 raw_output_contents, got 1' });
});

test('encodeModelInferResponse is reversed by decodeModelInferResponse', (t) => {
  const outputs = (['FP64', 'BYTES', 'BF16'] as const).map((datatype, at) => ({
    name: `O${at}`,
    datatype,
    ...sampleTensor(datatype),
    parameters: noParameters,
  }));
  const empty = { name: 'E', datatype: 'FP32', shape: [0], data: new Uint8Array(0), parameters: noParameters } as const;
  const response = {
    modelName: 'm',
    modelVersion: '1',
    id: '',
    parameters: new Map([['p', 1]]),
    outputs: [...outputs, empty],
  };
  const decoded = decodeModelInferResponse(encodeModelInferResponse(response));
  t.deepEqual({ ...decoded, outputs: plain(decoded.outputs) }, { ...response, outputs: plain(response.outputs) });
});

test('decodeModelInferResponse reads typed contents', (t) => {
  const bytes = messageOf('ModelInferResponse', {
    outputs: [{ name: 'O', datatype: 'INT8', shape: [2], contents: { int_contents: [-1, 2] } }],
  });
  t.deepEqual(decodeModelInferResponse(bytes).outputs[0]?.data, Uint8Array.of(255, 2));
});

test('decodeModelInferResponse refuses typed contents that are no elements for the shape', (t) => {
  const bytes = messageOf('ModelInferResponse', {
    outputs: [{ name: 'O', datatype: 'INT8', shape: [3], contents: { int_contents: [-1, 2] } }],
  });
  t.throws(() => decodeModelInferResponse(bytes), {
    message: "unexpected number of elements in int_contents of tensor 'O': expected 3, got 2",
  });
});

const messageOf = (name: string, message: object): Uint8Array => {
  const type = messageType(`inference.${name}`);
  return type.encode(type.fromObject(message)).finish();
};

const int8 = { name: 'A', datatype: 'INT8', shape: [1] };

const refused: readonly [title: string, message: object, text: RegExp][] = [
  ['no data', { inputs: [int8] }, /^unable to find data for input tensor 'A' for model 'm' in request\.$/],
  [
    'an unknown datatype',
    { inputs: [{ ...int8, datatype: 'X' }] },
    /inference input 'A' data-type is 'X', expected one of BOOL, /,
  ],
  ['a negative dimension', { inputs: [{ ...int8, shape: [-1] }] }, /'shape' of tensor 'A' must hold non-negative/],
  ['too many elements', { inputs: [{ ...int8, shape: [2 ** 40, 2 ** 40] }] }, /causes total element count to exceed/],
  [
    'raw and typed contents together',
    { inputs: [{ ...int8, contents: { int_contents: [1] } }], raw_input_contents: [Buffer.from('x')] },
    /^contents field must not be specified when using raw_input_contents for 'A' for model 'm'$/,
  ],
  ['too few raw contents', { inputs: [int8, int8], raw_input_contents: [Buffer.from('x')] }, /unable to find data/],
  [
    'too many raw contents',
    { inputs: [int8], raw_input_contents: [Buffer.from('x'), Buffer.from('y')] },
    /expected 1 raw input contents for model 'm', got 2/,
  ],
  [
    'the wrong field',
    { inputs: [{ ...int8, contents: { fp32_contents: [1] } }] },
    /unexpected explicit tensor data for input tensor 'A' for model 'm' of type 'fp32_contents', expected datatype 'INT8'/,
  ],
  [
    'typed 16-bit floats',
    { inputs: [{ ...int8, datatype: 'FP16', contents: { fp32_contents: [1] } }] },
    /only as raw_input_contents/,
  ],
  [
    'an element out of range',
    { inputs: [{ ...int8, contents: { int_contents: [128] } }] },
    /value 128 of tensor 'A' is out of the range of INT8/,
  ],
  ['a parameter without value', { parameters: { p: {} } }, /parameter 'p' has no value/],
];

for (const [title, message, text] of refused) {
  test(`decodeModelInferRequest refuses ${title}`, (t) => {
    const bytes = messageOf('ModelInferRequest', { model_name: 'm', ...message });
    t.throws(() => decodeModelInferRequest(bytes), { instanceOf: ProtocolError, message: text });
  });
}

test('decodeModelInferRequest reads every kind of parameter', (t) => {
  const bytes = messageOf('ModelInferRequest', {
    parameters: {
      bool: { bool_param: true },
      int64: { int64_param: -7 },
      uint64: { uint64_param: 8 },
      double: { double_param: 1 },
      string: { string_param: '' },
    },
  });
  const expected = [
    ['bool', true],
    ['int64', -7],
    ['uint64', 8],
    ['double', 1],
    ['string', ''],
  ];
  t.deepEqual([...decodeModelInferRequest(bytes).parameters], expected);
});

test('ModelInferRequest carries integers beyond 2^53 exactly, and sequence ids as unsigned ones', (t) => {
  const entries: [string, bigint | number][] = [
    ['sequence_id', 2n ** 64n - 1n],
    ['small', -7],
    ['int64', -(2n ** 63n)],
    ['uint64', 2n ** 63n + 1n],
  ];
  for (const id of [2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n, 5]) {
    const parameters = new Map<string, bigint | number>([...entries, ['sequence_id', id]]);
    const decoded = decodeModelInferRequest(encodeModelInferRequest({ ...requestOf('FP32'), parameters }));
    t.deepEqual([...decoded.parameters], [...parameters]);
  }
  const bytes = messageOf('ModelInferRequest', { parameters: { sequence_id: { int64_param: -1 } } });
  t.is(decodeModelInferRequest(bytes).parameters.get('sequence_id'), 2n ** 64n - 1n);
});

test('decodeModelInferRequest refuses every truncation and 2,000 corruptions without any other error', (t) => {
  const bytes = encodeModelInferRequest(requestOf('BYTES'), 'typed');
  const attempt = (input: Uint8Array): string => {
    try {
      decodeModelInferRequest(input);
      return 'decoded';
    } catch (error) {
      return error instanceof ProtocolError ? 'refused' : String(error);
    }
  };
  const outcomes = new Set<string>();
  for (let end = 0; end < bytes.length; end++) outcomes.add(attempt(bytes.slice(0, end)));
  const random = seededUint32(7);
  for (let round = 0; round < 2_000; round++) {
    const corrupt = bytes.slice();
    corrupt[random() % corrupt.length] = random() & 0xff;
    outcomes.add(attempt(corrupt));
  }
  t.deepEqual([...outcomes].sort(), ['decoded', 'refused']);
});
