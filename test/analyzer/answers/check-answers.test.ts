import test from 'ava';
import { checkAnswers, type OutputTexts } from '../../../analyzer/answers/check-answers.js';
import type { ExpectedOutput, PreparedRequest } from '../../../analyzer/data/step.js';
import type { OpenOptions, OpenTransport } from '../../../analyzer/wire/transport.js';
import type { Failure } from '../../../src/core/failure.js';
import { ns } from '../../../src/core/units.js';
import { decodeModelInferResponse, encodeModelInferResponse } from '../../../src/protocol/grpc-infer.js';
import { decodeInferResponse } from '../../../src/protocol/http-infer.js';
import { type InferOutput, type InferResponse, noParameters } from '../../../src/protocol/infer.js';
import { packBytes } from '../../../src/protocol/tensor.js';
import { tensorValuesText } from '../../../src/protocol/tensor-values.js';
import { httpBodyOf } from '../../helpers/http-body.js';

const output = (change: Partial<InferOutput> = {}): InferOutput => ({
  name: 'y',
  datatype: 'UINT8',
  shape: [2],
  data: Uint8Array.of(1, 2),
  parameters: noParameters,
  ...change,
});
const response = (outputs: readonly InferOutput[]): InferResponse => ({
  modelName: 'm',
  modelVersion: '1',
  id: '',
  parameters: noParameters,
  outputs,
});

interface Answer {
  readonly body: Buffer;
  readonly headerLength?: number | undefined;
}

const subjects = [
  {
    name: 'HTTP with binary outputs',
    decode: (body: Buffer, headerLength: number | undefined) => decodeInferResponse({ body, headerLength }),
    encode: (outputs: readonly InferOutput[]): Answer => httpBodyOf(response(outputs), () => true),
  },
  {
    name: 'HTTP with JSON outputs',
    decode: (body: Buffer, headerLength: number | undefined) => decodeInferResponse({ body, headerLength }),
    encode: (outputs: readonly InferOutput[]): Answer => httpBodyOf(response(outputs), () => false),
  },
  {
    name: 'gRPC',
    decode: (body: Buffer) => decodeModelInferResponse(body),
    encode: (outputs: readonly InferOutput[]): Answer => ({
      body: Buffer.from(encodeModelInferResponse(response(outputs))),
    }),
  },
] as const;
type Subject = (typeof subjects)[number];

const prepared = (expected: readonly ExpectedOutput[] = []): PreparedRequest => ({
  stream: 0,
  request: { modelName: 'm', modelVersion: '', id: '', parameters: noParameters, inputs: [], outputs: [] },
  expected,
});

/** A transport that answers as it is told, and the failures that come out of the checks. */
function setUp(subject: Subject, requests: readonly PreparedRequest[], texts?: OutputTexts) {
  let options: OpenOptions | undefined;
  const open: OpenTransport = (opened) => {
    options = opened;
    return { send: () => undefined, [Symbol.asyncDispose]: async () => undefined };
  };
  const failures: (Failure | undefined)[] = [];
  const tolerance = { absolute: 0, relative: 0 };
  const said: (string | undefined)[] = [];
  const transport = checkAnswers(open, { prepared: requests, tolerance, decode: subject.decode, texts })({
    concurrency: 4,
    onOutputs: (_token, text) => said.push(text),
    onReply: (_token, failure) => failures.push(failure),
  });
  let looks = 0;
  const reply = ({ body, headerLength }: Answer, { token = 0, isAnnounced = true, shrunkBy = 0 } = {}) => {
    if (options?.keepsBody?.(token, isAnnounced ? body.length - shrunkBy : undefined)) {
      looks++;
      options.onBody?.(token, body, headerLength);
    }
    options?.onReply(token, undefined, ns(1), ns(2));
    return failures.at(-1);
  };
  const call = (answer: Answer, { request = 0, isAnnounced = true, shrunkBy = 0 } = {}) => {
    transport.send(request, 0);
    return reply(answer, { isAnnounced, shrunkBy });
  };
  return {
    transport,
    reply,
    call,
    failures,
    said,
    looks: () => looks,
    fail: (failure: Failure) => options?.onReply(0, failure, ns(1), ns(2)),
  };
}

for (const subject of subjects) {
  const good = subject.encode([output()]);

  test(`checkAnswers ${subject.name}: the first answer of each size is looked into, then one in 1024`, (t) => {
    const { call, looks, failures } = setUp(subject, [prepared()]);
    for (let index = 0; index < 1025; index++) call(good);
    t.is(looks(), 2);
    call(subject.encode([output({ shape: [3], data: Uint8Array.of(1, 2, 3) })]));
    t.is(looks(), 3);
    t.deepEqual([...new Set(failures)], [undefined]);
  });

  test(`checkAnswers ${subject.name}: of compressed answers the size on the wire counts`, (t) => {
    const { call, looks } = setUp(subject, [prepared()]);
    for (let index = 0; index < 5; index++) call(good, { shrunkBy: 7 });
    t.is(looks(), 1);
    call(good);
    t.is(looks(), 2);
  });

  test(`checkAnswers ${subject.name}: each request has a first answer, requests that come twice only one`, (t) => {
    const same = prepared();
    const { call, looks } = setUp(subject, [same, prepared(), same]);
    for (const request of [0, 1, 2, 0, 1, 2]) call(good, { request });
    t.is(looks(), 2);
  });

  test(`checkAnswers ${subject.name}: answers of unknown size are all looked into`, (t) => {
    const { call, looks } = setUp(subject, [prepared()]);
    for (let index = 0; index < 5; index++) call(good, { isAnnounced: false });
    t.is(looks(), 5);
  });

  test(`checkAnswers ${subject.name}: puts the outputs of every valid answer into words, unless it is too large`, (t) => {
    const large = subject.encode([output({ shape: [500], data: new Uint8Array(500) })]);
    const texts = { limitBytes: 400, textOf: tensorValuesText };
    const { call, said } = setUp(subject, [prepared()], texts);
    for (let index = 0; index < 3; index++) call(good);
    for (let index = 0; index < 3; index++) call(large); // the first one is looked into all the same
    call(large, { isAnnounced: false });
    call({ body: Buffer.from('garbage') });
    t.deepEqual(said, [...Array<string>(3).fill('{"y":[1,2]}'), ...Array<undefined>(4).fill(undefined)]);
  });

  test(`checkAnswers ${subject.name}: garbage is a protocol failure each time, and is never known`, (t) => {
    const { call } = setUp(subject, [prepared()]);
    for (const text of ['<html>welcome</html>', '{}', '', '{"model_name":"m","outputs":[]}']) {
      for (let time = 0; time < 2; time++) t.is(call({ body: Buffer.from(text) })?.code, 'protocol', text);
    }
    t.is(call(good), undefined);
  });

  test(`checkAnswers ${subject.name}: every answer to a request with expectations is compared`, (t) => {
    const expected = [{ name: 'y', datatype: 'UINT8' as const, data: Uint8Array.of(1, 2) }];
    const { call, looks } = setUp(subject, [prepared(expected)]);
    t.is(call(good), undefined);
    t.is(call(good), undefined);
    t.deepEqual(call(subject.encode([output({ data: Uint8Array.of(1, 3) })])), {
      code: 'validation',
      message: "output 'y', index 1: expected 2, got 3",
    });
    t.is(call(good), undefined);
    t.is(looks(), 4);
  });
}

const [http, , grpc] = subjects;

test('checkAnswers finds sizes that do not fit the shape', (t) => {
  const cases: readonly (readonly [Subject, Answer, RegExp])[] = [
    [grpc, grpc.encode([output({ shape: [3] })]), /output 'y' of the answer: expected 3 bytes for UINT8 \[3\], got 2/],
    [grpc, grpc.encode([output({ datatype: 'BYTES', data: packBytes(['a']) })]), /expected 2 strings, got 1/],
    [grpc, grpc.encode([output({ datatype: 'BYTES' })]), /incomplete string length/],
    [http, http.encode([output({ shape: [1] })]), /expected 1 bytes for UINT8 \[1\], got 2/],
    [
      http,
      { ...http.encode([output()]), body: Buffer.concat([http.encode([output()]).body, Buffer.alloc(3)]) },
      /unexpected 3 bytes behind the outputs/,
    ],
  ];
  for (const [subject, answer, message] of cases) {
    const failure = setUp(subject, [prepared()]).call(answer);
    t.is(failure?.code, 'protocol');
    t.regex(failure?.message ?? '', message);
  }
});

test("checkAnswers keeps the transport's own failures, and answers of several requests apart", (t) => {
  const { transport, reply, fail, failures } = setUp(grpc, [prepared()]);
  transport.send(0, 0);
  fail({ code: 'timeout', message: 'late' });
  transport.send(0, 1);
  transport.send(0, 2);
  reply({ body: Buffer.from('garbage!') }, { token: 2 });
  reply(grpc.encode([output()]), { token: 1 });
  t.deepEqual(
    failures.map((failure) => failure?.code),
    ['timeout', 'protocol', undefined],
  );
});
