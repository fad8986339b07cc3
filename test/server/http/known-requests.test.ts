import test from 'ava';
import { decodeInferRequest, encodeInferRequest } from '../../../src/protocol/http-infer.js';
import { type InferRequest, noParameters } from '../../../src/protocol/infer.js';
import { KnownRequests } from '../../../src/server/http/known-requests.js';

const model = { modelName: 'm', modelVersion: '1' };
const noLimit = Number.POSITIVE_INFINITY;

const requestOf = (values: readonly number[], id = ''): InferRequest => ({
  ...model,
  id,
  parameters: new Map([['priority', 2]]),
  inputs: [
    {
      name: 'A',
      datatype: 'UINT8',
      shape: [1, 2],
      data: Uint8Array.from(values.slice(0, 2)),
      parameters: noParameters,
    },
    {
      name: 'B',
      datatype: 'UINT8',
      shape: [3],
      data: Uint8Array.from(values.slice(2)),
      parameters: new Map([['k', 'v']]),
    },
  ],
  outputs: [{ name: 'C', parameters: new Map([['binary_data', true]]) }],
});

test('KnownRequests reads the same JSON in front of other tensors, for any model, as decodeInferRequest does', (t) => {
  const known = new KnownRequests();
  const sent = [
    [1, 2, 3, 4, 5],
    [6, 7, 8, 9, 10],
    [6, 7, 8, 9, 10],
  ].map((values) => encodeInferRequest(requestOf(values)));
  t.is(new Set(sent.map(({ body, headerLength }) => body.toString('latin1', 0, headerLength))).size, 1);
  for (const [index, each] of sent.entries()) {
    const named = { ...model, modelName: `m${index}` };
    t.deepEqual(known.decode(each, named, noLimit), decodeInferRequest(each, named), `request ${index}`);
  }
  const other = encodeInferRequest(requestOf([1, 2, 3, 4, 5], 'x'));
  t.is(known.decode(other, model, noLimit).id, 'x');
});

test('KnownRequests refuses tensors of another length behind JSON that it knows, as decodeInferRequest does', (t) => {
  const known = new KnownRequests();
  const { body, headerLength } = encodeInferRequest(requestOf([1, 2, 3, 4, 5]));
  known.decode({ body, headerLength }, model, noLimit);
  for (const wrong of [body.subarray(0, -1), Buffer.concat([body, Buffer.of(0)]), body.subarray(0, 20)]) {
    const message = t.throws(() => decodeInferRequest({ body: wrong, headerLength }, model))?.message ?? '';
    t.throws(() => known.decode({ body: wrong, headerLength }, model, noLimit), { message });
  }
});

test('KnownRequests keeps no data: tensors that came as JSON are those of their own request', (t) => {
  const known = new KnownRequests();
  const head = (value: number) =>
    `{"inputs":[{"name":"A","datatype":"UINT8","shape":[1],"data":[${value}]},` +
    '{"name":"B","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}}]}';
  for (const value of [1, 2, 2]) {
    const body = Buffer.from(`${head(value)}abc`);
    const { inputs } = known.decode({ body, headerLength: body.length - 3 }, model, noLimit);
    t.deepEqual(
      inputs.map(({ data }) => [...data]),
      [[value], [97, 98, 99]],
    );
  }
});

test('KnownRequests goes on after more different requests than it keeps, and with long ones', (t) => {
  const known = new KnownRequests();
  for (const id of ['long'.repeat(2000), ...Array.from({ length: 300 }, (_, index) => String(index % 100))]) {
    const sent = encodeInferRequest(requestOf([1, 2, 3, 4, 5], id));
    t.deepEqual(known.decode(sent, model, noLimit), decodeInferRequest(sent, model));
  }
});
