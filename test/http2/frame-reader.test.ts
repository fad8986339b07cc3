import test from 'ava';
import { frame } from '../../src/http2/frame.js';
import { FrameReader } from '../../src/http2/frame-reader.js';
import { violation } from '../../src/http2/violation.js';

const stream = Buffer.concat([
  frame(4, 0, 0, Buffer.alloc(0)),
  frame(1, 4, 1, Buffer.from('head')),
  frame(0, 0, 1, Buffer.from('d')),
  frame(0, 1, 0x7fffffff, Buffer.alloc(0)),
  frame(8, 0, 0, Buffer.from([0, 0, 1, 0])),
]);
const expected = ['4 0 0 ', '1 4 1 head', '0 0 1 d', '0 1 2147483647 ', '8 0 0 \0\0\x01\0'];

function read(pieces: readonly Buffer[]): string[] {
  const seen: string[] = [];
  const reader = new FrameReader((type, flags, streamId, bytes, from, to) => {
    seen.push(`${type} ${flags} ${streamId} ${bytes.toString('latin1', from, to)}`);
    return undefined;
  });
  for (const piece of pieces) {
    const shared = Buffer.concat([piece, Buffer.from('stale bytes of an earlier read')]);
    const wrong = reader.feed(shared, piece.length);
    if (wrong !== undefined) seen.push(wrong.text);
  }
  return seen;
}

test('FrameReader cuts frames, wherever the bytes are split', (t) => {
  t.deepEqual(read([stream]), expected);
  for (let first = 0; first < stream.length; first++) {
    for (let second = first; second < stream.length; second++) {
      const pieces = [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)];
      t.deepEqual(read(pieces), expected, `split at ${first} and ${second}`);
    }
  }
  t.deepEqual(read([...stream].map((byte) => Buffer.of(byte))), expected);
});

test('FrameReader takes the largest frame that we allow, and none larger', (t) => {
  const largest = frame(0, 0, 1, Buffer.alloc(16_384, 'x'));
  t.is(read([largest])[0]?.length, 6 + 16_384);
  t.is(read([largest.subarray(0, 5000), largest.subarray(5000)])[0]?.length, 6 + 16_384);
  const larger = frame(0, 0, 1, Buffer.alloc(16_385, 'x'));
  t.regex(read([larger]).join(), /^not an HTTP\/2 frame/);
  t.regex(read([larger.subarray(0, 4), larger.subarray(4, 20)]).join(), /^not an HTTP\/2 frame/);
});

test('FrameReader stops when a frame is refused', (t) => {
  const no = violation(1, 'no');
  const reader = new FrameReader((type) => (type === 1 ? no : undefined));
  t.is(reader.feed(stream, stream.length), no);
});
