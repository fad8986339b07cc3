import test from 'ava';
import { marksBytes, marksOffset, writeMarks } from '../../../../analyzer/wire/http1/json-marks.js';
import { prepareRequest } from '../../../../analyzer/wire/http1/prepare-request.js';
import { unmarked } from '../../../../analyzer/wire/sequence-marks.js';
import type { InferRequest } from '../../../../src/protocol/infer.js';
import { requestFor } from '../peer.js';

const markable = (request: InferRequest): InferRequest => ({
  ...request,
  parameters: new Map([...unmarked, ['note', '"sequence_id":9007199254740991,"sequence_start":false']]),
});

/** The parameters that a JSON parser finds in a marked request. */
function parsed(bytes: Buffer): unknown {
  const text = bytes.toString('latin1');
  const head = text.indexOf('\r\n\r\n') + 4;
  const length = /inference-header-content-length: (\d+)/.exec(text)?.[1];
  return JSON.parse(text.slice(head, length === undefined ? undefined : head + Number(length))).parameters;
}

for (const [id, isStart, isEnd] of [
  [1, true, false],
  [42, false, false],
  [2 ** 32, false, true],
  [Number.MAX_SAFE_INTEGER, true, true],
  [9_007_199_254_740_909, false, true],
] as const) {
  for (const inputs of ['binary', 'json'] as const) {
    test(`writeMarks of id ${id}, ${isStart}, ${isEnd} is what a parser reads, with ${inputs} inputs`, (t) => {
      const request = markable(requestFor('sequence_id', Buffer.from('"sequence_id":9007199254740991')));
      const bytes = prepareRequest(request, 'h:1', { formats: { inputs, outputs: 'binary' } });
      const before = Buffer.from(bytes);
      const offset = marksOffset(request, bytes) ?? 0;
      writeMarks(bytes, offset, { idOf: () => id, isStart: () => isStart, isEnd: () => isEnd }, 0);
      t.like(parsed(bytes), { sequence_id: id, sequence_start: isStart, sequence_end: isEnd });
      t.deepEqual(bytes.subarray(0, offset), before.subarray(0, offset));
      t.deepEqual(bytes.subarray(offset + marksBytes), before.subarray(offset + marksBytes));
    });
  }
}

test('writeMarks writes every number of digits', (t) => {
  const request = markable(requestFor('m'));
  const bytes = prepareRequest(request, 'h:1');
  const offset = marksOffset(request, bytes) ?? 0;
  for (let digits = 1; digits <= 15; digits++) {
    for (const id of [10 ** digits - 1, 10 ** digits, 10 ** digits + 1]) {
      writeMarks(bytes, offset, { idOf: () => id, isStart: () => false, isEnd: () => false }, 0);
      t.like(parsed(bytes), { sequence_id: id });
    }
  }
});

test('marksOffset finds nothing in a request of no sequence, and says so of a compressed one', (t) => {
  const plain = requestFor('m');
  t.is(marksOffset(plain, prepareRequest(plain, 'h:1')), undefined);
  const request = markable(requestFor('m'));
  t.throws(() => marksOffset(request, prepareRequest(request, 'h:1', { compression: 'gzip' })), { message: /no room/ });
});
