import test from 'ava';
import { marksOffset, writeMarks } from '../../../../analyzer/wire/http2/message-marks.js';
import { callHead, prepareCall } from '../../../../analyzer/wire/http2/prepare-call.js';
import { unmarked } from '../../../../analyzer/wire/sequence-marks.js';
import { seededRandom } from '../../../../src/core/random.js';
import type { InferRequest } from '../../../../src/protocol/infer.js';
import { messageType } from '../../../../src/protocol/schema.js';
import { requestFor } from '../peer.js';

const markable = (request: InferRequest): InferRequest => ({
  ...request,
  parameters: new Map([...unmarked, ['note', 'sequence_end']]),
});
const request = markable(requestFor('sequence_id', Buffer.from('sequence_id sequence_start sequence_end')));
const { message } = prepareCall(request, callHead({ authority: 'h:1' }));
const offset = marksOffset(request, message) ?? 0;

/** The request as protobufjs reads it. */
const decoded = (bytes: Buffer) => {
  const type = messageType('inference.ModelInferRequest');
  return type.toObject(type.decode(bytes.subarray(5)), { longs: Number, bytes: String });
};
const parameters = (id: number, isStart: boolean, isEnd: boolean) => ({
  sequence_id: { int64_param: id },
  sequence_start: { bool_param: isStart },
  sequence_end: { bool_param: isEnd },
  note: { string_param: 'sequence_end' },
});

for (const [id, isStart, isEnd] of [
  [1, true, false],
  [127, false, false],
  [128, false, true],
  [2 ** 28 - 1, true, true],
  [2 ** 28, false, false],
  [2 ** 32 + 5, true, false],
  [Number.MAX_SAFE_INTEGER, false, true],
] as const) {
  const marks = { idOf: () => id, isStart: () => isStart, isEnd: () => isEnd };

  test(`writeMarks of id ${id}, ${isStart}, ${isEnd} is what protobufjs reads, and changes nothing else`, (t) => {
    const bytes = Buffer.from(message);
    writeMarks({ bytes, at: 0, from: 0, length: bytes.length }, offset, marks, 0);
    const { parameters: unmarkedParameters, ...rest } = decoded(message);
    t.deepEqual(unmarkedParameters, parameters(Number.MAX_SAFE_INTEGER, false, false));
    t.deepEqual(decoded(bytes), { ...rest, parameters: parameters(id, isStart, isEnd) });
  });

  test(`writeMarks of id ${id} in pieces of any size is the same`, (t) => {
    const whole = Buffer.from(message);
    writeMarks({ bytes: whole, at: 0, from: 0, length: whole.length }, offset, marks, 0);
    const random = seededRandom(id);
    for (let round = 0; round < 200; round++) {
      const pieces: Buffer[] = [];
      for (let from = 0; from < message.length; ) {
        const length = Math.min(message.length - from, 1 + Math.floor(random() * 30));
        const bytes = Buffer.concat([
          Buffer.alloc(3, 0xee),
          message.subarray(from, from + length),
          Buffer.alloc(3, 0xee),
        ]);
        writeMarks({ bytes, at: 3, from, length }, offset, marks, 0);
        t.deepEqual([...bytes.subarray(0, 3), ...bytes.subarray(-3)], Array(6).fill(0xee));
        pieces.push(bytes.subarray(3, -3));
        from += length;
      }
      t.true(Buffer.concat(pieces).equals(whole));
    }
  });
}

test('marksOffset finds nothing in a message of no sequence, and says so of a compressed one', (t) => {
  const plain = requestFor('sequence_id');
  t.is(prepareCall(plain, callHead({ authority: 'h:1' })).marksOffset, undefined);
  t.throws(() => prepareCall(request, callHead({ authority: 'h:1' }), 'gzip'), { message: /no room/ });
});
