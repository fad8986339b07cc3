import test from 'ava';
import { decodeGenerateRequest, encodeGenerateResponse } from '../../src/protocol/generate.js';
import { noParameters } from '../../src/protocol/infer.js';
import type { ModelConfig } from '../../src/protocol/model-config.js';
import { modelConfigFromJson } from '../../src/protocol/model-config-codec.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import { packBytes } from '../../src/protocol/tensor.js';

const model = { modelName: 'm', modelVersion: '' };

const configOf = (input: Readonly<Record<string, readonly [type: string, dims: readonly number[]]>>, batch = 0) =>
  modelConfigFromJson({
    name: 'm',
    max_batch_size: batch,
    input: Object.entries(input).map(([name, [data_type, dims]]) => ({ name, data_type, dims })),
  });

const decode = (body: object, config: ModelConfig) =>
  decodeGenerateRequest(Buffer.from(JSON.stringify(body)), config, model);

const text = configOf({ text_input: ['TYPE_STRING', [-1]], stream: ['TYPE_BOOL', [1]], seed: ['TYPE_INT32', []] }, 8);

test('decodeGenerateRequest makes tensors of members that name inputs, with a batch of 1', (t) => {
  const body = { id: 'x', text_input: 'hello', parameters: { stream: true, temperature: 0.5 }, seed: 3, top_p: 1 };
  const { inputs, parameters, ...rest } = decode(body, text);
  t.deepEqual<unknown, unknown>(rest, { ...model, id: 'x', outputs: [] });
  t.deepEqual(
    inputs.map(({ name, datatype, shape, data }) => [name, datatype, shape, [...data]]),
    [
      ['text_input', 'BYTES', [1, 1], [...packBytes(['hello'])]],
      ['seed', 'INT32', [1], [3, 0, 0, 0]],
      ['stream', 'BOOL', [1, 1], [1]],
    ],
  );
  t.deepEqual(
    [...parameters],
    [
      ['top_p', 1],
      ['temperature', 0.5],
    ],
  );
});

test('decodeGenerateRequest keeps all digits of a parameter', (t) => {
  const body = Buffer.from('{"sequence_id":18446744073709551615}');
  t.is(decodeGenerateRequest(body, text, model).parameters.get('sequence_id'), 2n ** 64n - 1n);
});

const shapes: readonly (readonly [dims: readonly number[], value: unknown, shape: readonly number[] | RegExp])[] = [
  [[-1], 1, [1]],
  [[-1], [1, 2, 3], [3]],
  [
    [-1],
    [
      [1, 2],
      [3, 4],
    ],
    [4],
  ],
  [
    [-1, 2],
    [1, 2, 3, 4],
    [2, 2],
  ],
  [
    [2, -1, 2],
    [1, 2, 3, 4],
    [2, 1, 2],
  ],
  [[4], [1, 2, 3, 4], [4]],
  [
    [2, 2],
    [1, 2, 3, 4],
    [2, 2],
  ],
  [[], 5, []],
  [[1, 1], 5, [1, 1]],
  [[-1], [], [0]],
  [[3], [1, 2], /cannot make input 'I' with dims \[3\] of 2 elements: expected 3$/],
  [[-1, 2], [1, 2, 3], /with dims \[-1,2\] of 3 elements: expected a multiple of 2$/],
  [[-1, -1], [1], /expected at most one variable dim$/],
  [[], [1, 2], /of 2 elements: expected 1$/],
  [[1], 'a', /of type UINT8: expected a number, got "a"/],
  [[1], null, /expected a number, got null/],
  [[1], { a: 1 }, /expected a number, got \{"a":1\}/],
  [[1], 256, /expected an integer from 0 to 255, got 256/],
];

for (const [dims, value, expected] of shapes) {
  test(`decodeGenerateRequest of ${JSON.stringify(value)} for dims [${dims}]`, (t) => {
    const config = configOf({ I: ['TYPE_UINT8', dims] });
    if (expected instanceof RegExp) {
      t.throws(() => decode({ I: value }, config), { instanceOf: ProtocolError, message: expected });
    } else {
      t.deepEqual(decode({ I: value }, config).inputs[0]?.shape, expected);
    }
  });
}

const refused: readonly (readonly [body: string, message: RegExp])[] = [
  ['', /failed to parse the JSON/],
  ['3', /expected a JSON object/],
  ['{"id":3}', /'id' of request must be a string, got number/],
  ['{"extra":[1]}', /parameter 'extra' must be a string, a number or a boolean, got \[1\]/],
  ['{"extra":null}', /parameter 'extra' must be/],
  ['{"parameters":[]}', /parameter 'parameters' must be a string, a number or a boolean/],
  ['{"parameters":{"a":{}}}', /parameter 'a' must be/],
  [`{"text_input":${'['.repeat(5000)}${']'.repeat(5000)}}`, /JSON nesting depth exceeds/],
];

for (const [body, message] of refused) {
  test(`decodeGenerateRequest refuses ${body.slice(0, 40)}`, (t) => {
    t.throws(() => decodeGenerateRequest(Buffer.from(body), text, model), { instanceOf: ProtocolError, message });
  });
}

test('decodeGenerateRequest keeps names that objects inherit as parameters', (t) => {
  const body = Buffer.from('{"__proto__":1,"parameters":{"constructor":2},"toString":3}');
  const { parameters } = decodeGenerateRequest(body, text, model);
  t.deepEqual(
    [...parameters],
    [
      ['__proto__', 1],
      ['toString', 3],
      ['constructor', 2],
    ],
  );
});

test('decodeGenerateRequest takes inputs that are called id and parameters', (t) => {
  const config = configOf({ id: ['TYPE_STRING', [1]], parameters: ['TYPE_UINT8', [-1]] });
  const { id, inputs } = decode({ id: 'a', parameters: [1, 2] }, config);
  t.is(id, '');
  t.deepEqual(
    inputs.map(({ name, shape }) => [name, shape]),
    [
      ['id', [1]],
      ['parameters', [2]],
    ],
  );
});

test('encodeGenerateResponse names outputs, those of one element without a list', (t) => {
  const output = (name: string, datatype: 'BYTES' | 'FP32' | 'INT64', shape: readonly number[], data: Uint8Array) => ({
    name,
    datatype,
    shape,
    data,
    parameters: noParameters,
  });
  const json = encodeGenerateResponse({
    modelName: 'm',
    modelVersion: '3',
    id: 'a"b',
    parameters: new Map<string, string | number>([
      ['note', 'x'],
      ['length', 2],
    ]),
    outputs: [
      output('text_output', 'BYTES', [1, 1], packBytes(['say "grün"'])),
      output('scores', 'FP32', [1, 2], new Uint8Array(Float32Array.of(0.5, -1).buffer)),
      output('count', 'INT64', [], new Uint8Array(BigInt64Array.of(-(2n ** 63n)).buffer)),
      output('none', 'FP32', [0], new Uint8Array(0)),
    ],
  });
  t.is(
    json,
    '{"id":"a\\"b","model_name":"m","model_version":"3","note":"x","length":2,"text_output":"say \\"grün\\"",' +
      '"scores":[0.5,-1],"count":-9223372036854775808,"none":[]}',
  );
});
