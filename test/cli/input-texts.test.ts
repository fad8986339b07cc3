import test from 'ava';
import { inputTexts } from '../../src/cli/input-texts.js';
import { noParameters } from '../../src/protocol/infer.js';

const request = (data: readonly number[]) => ({
  ...{ modelName: 'm', modelVersion: '', id: '', parameters: noParameters, outputs: [] },
  inputs: [
    { name: 'x', datatype: 'UINT8' as const, shape: [1], data: Uint8Array.from(data), parameters: noParameters },
  ],
});

test('inputTexts are those of the prepared request, on every server', (t) => {
  const textOf = inputTexts([request([1]), request([2, 3])], 2);
  t.deepEqual([0, 1, 2, 3, 1].map(textOf), ['{"x":1}', '{"x":[2,3]}', '{"x":1}', '{"x":[2,3]}', '{"x":[2,3]}']);
});

test('inputTexts of more bytes than the limit there are none', (t) => {
  const textOf = inputTexts([request([1]), request([2, 3])], 1);
  t.deepEqual([0, 1, 1].map(textOf), ['{"x":1}', undefined, undefined]);
});
