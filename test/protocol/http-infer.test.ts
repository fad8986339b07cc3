import test from 'ava';
import {
  decodeInferRequest,
  decodeInferResponse,
  encodeInferRequest,
  encodeInferResponse,
  wantsBinary,
} from '../../src/protocol/http-infer.js';
import { type InferRequest, type InferResponse, noParameters } from '../../src/protocol/infer.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import { httpBodyOf } from '../helpers/http-body.js';

const model = { modelName: 'm', modelVersion: '2' };

const request: InferRequest = {
  ...model,
  id: 'r"1"',
  parameters: new Map<string, string | number | boolean>([
    ['priority', 2],
    ['note', 'x'],
    ['sequence_start', true],
  ]),
  inputs: [
    { name: 'A', datatype: 'UINT8', shape: [1, 3], data: Buffer.from([1, 2, 3]), parameters: new Map([['k', 1]]) },
    { name: 'B', datatype: 'BOOL', shape: [], data: Buffer.from([1]), parameters: noParameters },
  ],
  outputs: [{ name: 'C', parameters: new Map([['classification', 3]]) }],
};

const bytesOf = <T extends { readonly data: Uint8Array }>(tensors: readonly T[]) =>
  tensors.map((tensor) => ({ ...tensor, data: [...tensor.data] }));

test('decodeInferRequest reverses encodeInferRequest, binary', (t) => {
  const encoded = encodeInferRequest(request);
  t.is(encoded.body.length, (encoded.headerLength ?? 0) + 4);
  const decoded = decodeInferRequest(encoded, model);
  t.deepEqual(
    { ...decoded, inputs: bytesOf(decoded.inputs), outputs: [] },
    { ...request, inputs: bytesOf(request.inputs), outputs: [] },
  );
  t.is(decoded.outputs[0]?.parameters.get('classification'), 3);
  t.true(wantsBinary(decoded, 'C'));
});

test('decodeInferRequest reverses encodeInferRequest, JSON', (t) => {
  const encoded = encodeInferRequest(request, { inputs: 'json', outputs: 'json' });
  t.is(encoded.headerLength, undefined);
  const decoded = decodeInferRequest(encoded, model);
  t.deepEqual({ ...decoded, inputs: bytesOf(decoded.inputs) }, { ...request, inputs: bytesOf(request.inputs) });
  t.false(wantsBinary(decoded, 'C'));
});

for (const inputs of ['binary', 'json'] as const) {
  for (const outputs of ['binary', 'json'] as const) {
    test(`encodeInferRequest sends ${inputs} and asks for ${outputs}`, (t) => {
      const encoded = encodeInferRequest({ ...request, outputs: [] }, { inputs, outputs });
      t.is(encoded.headerLength === undefined, inputs === 'json');
      const decoded = decodeInferRequest(encoded, model);
      t.deepEqual(bytesOf(decoded.inputs), bytesOf(request.inputs));
      t.is(wantsBinary(decoded, 'C'), outputs === 'binary');
    });
  }
}

test('decodeInferRequest gives binary inputs as views of the body', (t) => {
  const { body, headerLength } = encodeInferRequest(request);
  const decoded = decodeInferRequest({ body, headerLength }, model);
  t.is(decoded.inputs[0]?.data.buffer, body.buffer);
});

test('decodeInferRequest takes JSON and binary inputs side by side', (t) => {
  const head =
    '{"inputs":[{"name":"A","datatype":"UINT8","shape":[2],"parameters":{"binary_data_size":2}},{"name":"B","datatype":"UINT8","shape":[1],"data":[9]},{"name":"C","datatype":"UINT8","shape":[1],"parameters":{"binary_data_size":1}}]}';
  const { inputs } = decodeInferRequest({ body: Buffer.from(`${head}abc`), headerLength: head.length }, model);
  t.deepEqual(
    inputs.map(({ data }) => [...data]),
    [[97, 98], [9], [99]],
  );
});

test('wantsBinary asks the output before the request', (t) => {
  const parameters = new Map([['binary_data_output', true]]);
  const named = (value?: boolean) => ({
    name: 'X',
    parameters: new Map(value === undefined ? [] : [['binary_data', value]]),
  });
  t.true(wantsBinary({ ...request, parameters, outputs: [] }, 'X'));
  t.false(wantsBinary({ ...request, parameters, outputs: [named()] }, 'X'));
  t.false(wantsBinary({ ...request, parameters, outputs: [named(false)] }, 'X'));
  t.true(wantsBinary({ ...request, outputs: [named(true)] }, 'X'));
  t.false(wantsBinary({ ...request, outputs: [] }, 'X'));
});

test('encodeInferRequest sends neither data nor size of a tensor in shared memory', (t) => {
  const parameters = new Map<string, string | number>([
    ['shared_memory_region', 'r'],
    ['shared_memory_byte_size', 4],
  ]);
  const shared = { name: 'A', datatype: 'INT32', shape: [1], data: new Uint8Array(0), parameters } as const;
  for (const inputs of ['json', 'binary'] as const) {
    const encoded = encodeInferRequest({ ...request, inputs: [shared] }, { inputs, outputs: inputs });
    const text = encoded.body.toString();
    t.false(text.includes('binary_data_size') || text.includes('"data"'), text);
    t.deepEqual(decodeInferRequest(encoded, model).inputs[0]?.parameters, parameters);
  }
});

const response: InferResponse = {
  ...model,
  id: '',
  parameters: noParameters,
  outputs: [
    { name: 'X', datatype: 'INT16', shape: [2], data: Buffer.from([1, 0, 255, 255]), parameters: noParameters },
    { name: 'Y', datatype: 'BYTES', shape: [1], data: Buffer.from([1, 0, 0, 0, 97]), parameters: noParameters },
  ],
};

test('decodeInferRequest keeps all digits of the integers of encodeInferRequest', (t) => {
  const parameters = new Map([
    ['sequence_id', 2n ** 64n - 1n],
    ['other', -(2n ** 53n) - 1n],
  ]);
  for (const inputs of ['binary', 'json'] as const) {
    const encoded = encodeInferRequest({ ...request, parameters }, { inputs, outputs: 'json' });
    t.deepEqual(decodeInferRequest(encoded, model).parameters, parameters);
  }
});

test('encodeInferRequest asks for no binary data of an output in shared memory', (t) => {
  const parameters = new Map<string, string | number>([['shared_memory_region', 'r']]);
  const encoded = encodeInferRequest({ ...request, outputs: [{ name: 'X', parameters }] });
  t.deepEqual(decodeInferRequest(encoded, model).outputs, [{ name: 'X', parameters }]);
});

test('encodeInferResponse sends neither data nor parameters of an output in shared memory', (t) => {
  const [x, y] = response.outputs;
  const parameters = new Map([['shared_memory_region', 'r']]);
  const outputs = [x, y].flatMap((output, at) =>
    output === undefined ? [] : [at === 0 ? { ...output, parameters } : output],
  );
  for (const isBinary of [true, false]) {
    const encoded = httpBodyOf({ ...response, outputs }, () => isBinary);
    t.true(encoded.body.toString('latin1').includes('{"name":"X","datatype":"INT16","shape":[2]}'));
    const decoded = decodeInferResponse(encoded, new Set(['X']));
    t.deepEqual(
      decoded.outputs.map(({ data }) => data.length),
      [0, 5],
    );
    t.throws(() => decodeInferResponse(encoded), { message: /output 'X' has none/ });
  }
});

test('decodeInferResponse refuses bytes behind the outputs', (t) => {
  const { body, headerLength } = httpBodyOf(response, () => true);
  t.throws(() => decodeInferResponse({ body: Buffer.concat([body, Buffer.alloc(2)]), headerLength }), {
    message: 'unexpected 2 bytes behind the outputs',
  });
});

test('encodeInferResponse writes flat JSON in the order of the protocol', (t) => {
  const { json, tensors } = encodeInferResponse(response, () => false);
  t.deepEqual(tensors, []);
  t.is(
    json,
    '{"model_name":"m","model_version":"2","outputs":[{"name":"X","datatype":"INT16","shape":[2],"data":[1,-1]},{"name":"Y","datatype":"BYTES","shape":[1],"data":["a"]}]}',
  );
});

test('decodeInferResponse reverses encodeInferResponse for every mix of forms', (t) => {
  for (const binary of [[], ['X'], ['Y'], ['X', 'Y']]) {
    const decoded = decodeInferResponse(httpBodyOf({ ...response, id: 'i' }, (name) => binary.includes(name)));
    t.deepEqual(
      { ...decoded, outputs: bytesOf(decoded.outputs) },
      { ...response, id: 'i', outputs: bytesOf(response.outputs) },
    );
  }
});

const input = (text: string): string => `{"inputs":[{"name":"A","datatype":"UINT8","shape":[1]${text}}]}`;

const refused: readonly [json: string, message: RegExp, extra?: string][] = [
  ['', /failed to parse the JSON/],
  ['[]', /expected a JSON object/],
  ['{}', /'inputs' must be an array/],
  ['{"inputs":{}}', /'inputs' must be an array/],
  ['{"inputs":[1]}', /each element of 'inputs' must be an object/],
  ['{"inputs":[{}]}', /'name' of input must be a string/],
  ['{"inputs":[{"name":"A"}]}', /'datatype' of input 'A' must be a string/],
  ['{"inputs":[{"name":"A","datatype":"FP31"}]}', /inference input 'A' data-type is 'FP31', expected one of BOOL, /],
  ['{"inputs":[{"name":"A","datatype":"FP32","shape":[-1]}]}', /'shape' of input 'A' must hold non-negative/],
  [input(''), /Input must set only one of the following fields: .* But input 'A' has none/],
  [input(',"data":3'), /'data' of tensor 'A' must be an array/],
  [input(',"parameters":[]'), /'parameters' of input 'A' must be an object/],
  [input(',"parameters":{"x":{}}'), /parameter 'x' of input 'A' must be a string/],
  [input(',"parameters":{"__proto__":{"polluted":1}}'), /parameter '__proto__' of input 'A' must be a string/],
  [input(',"parameters":{"binary_data_size":1},"data":[1]'), /Input must set only one of/, 'x'],
  [
    input(',"parameters":{"binary_data_size":2}'),
    /unexpected size for input 'A', expecting 1 additional bytes for model 'm'$/,
    'x',
  ],
  [input(',"parameters":{"binary_data_size":-1}'), /must be a non-negative integer, got -1/, 'x'],
  [input(',"parameters":{"binary_data_size":"1"}'), /must be a non-negative integer, got 1/, 'x'],
  [input(',"parameters":{"binary_data_size":1e300}'), /must be a non-negative integer/, 'x'],
  [input(',"parameters":{"binary_data_size":1}'), /unexpected additional input data for model 'm'/, 'xy'],
  ['{"inputs":[],"id":1}', /'id' of request must be a string/],
  ['{"inputs":[],"outputs":[1]}', /each element of 'outputs' must be an object/],
  ['{"inputs":[],"outputs":[{}]}', /'name' of output must be a string/],
  ...['[0,1.0]', '[1e0]', '[[1],[-0.0]]', '[1E2]'].map((data): [string, RegExp] => [
    `{"inputs":[{"name":"A","shape":[2],"datatype":"FP32","data":[1.0,2]},{"name":"B","shape":[${data.split(',').length}],"datatype":"INT32","data":${data}}]}`,
    /^unable to parse 'data' of tensor 'B' of type INT32: expected an integer, got (1.0|1e0|-0.0|1E2)$/,
  ]),
  [
    '{"inputs":[],"outputs":[{"name":"Y","parameters":{"binary_data":1}}]}',
    /'binary_data' of output 'Y' must be a boolean, got 1$/,
  ],
  [
    '{"inputs":[],"parameters":{"binary_data_output":"yes"}}',
    /'binary_data_output' of request must be a boolean, got "yes"$/,
  ],
  [
    '{"inputs":[{"name":"A","shape":[0,1000000000000000000],"datatype":"INT8","data":[]}]}',
    /'shape' of input 'A' causes total element count to exceed maximum size of/,
  ],
  ['{"inputs":[],"parameters":{"a":[1]}}', /parameter 'a' of request must be/],
  ['{"inputs":[],"parameters":{"a":null}}', /parameter 'a' of request must be/],
];

for (const [json, message, extra = ''] of refused) {
  test(`decodeInferRequest refuses ${json}${extra}`, (t) => {
    const body = Buffer.from(json + extra);
    t.throws(() => decodeInferRequest({ body, headerLength: json.length }, model), {
      instanceOf: ProtocolError,
      message,
    });
  });
}

test('decodeInferRequest refuses a header longer than the body', (t) => {
  t.throws(() => decodeInferRequest({ body: Buffer.from('{}'), headerLength: 3 }, model), {
    instanceOf: ProtocolError,
    message: 'inference header size should be in range (0, 2), got: 3',
  });
});

test('decodeInferRequest keeps a parameter called __proto__ in its map', (t) => {
  const { parameters } = decodeInferRequest(
    { body: Buffer.from('{"inputs":[],"parameters":{"__proto__":"x","constructor":1}}'), headerLength: undefined },
    model,
  );
  t.deepEqual(
    [...parameters],
    [
      ['__proto__', 'x'],
      ['constructor', 1],
    ],
  );
});

test('decodeInferRequest takes integers beside floats, and strings that look like floats', (t) => {
  const text = `{"id":"1.0","inputs":[{"name":"A","shape":[2],"datatype":"FP32","data":[1.0,NaN]},
    {"name":"B","shape":[2],"datatype":"INT64","data":[9007199254740993,-1]},
    {"name":"C","shape":[1],"datatype":"BYTES","data":["1.0"]}]}`;
  const { inputs } = decodeInferRequest({ body: Buffer.from(text), headerLength: undefined }, model);
  t.deepEqual(
    inputs.map(({ data }) => data.byteLength),
    [8, 16, 7],
  );
});
