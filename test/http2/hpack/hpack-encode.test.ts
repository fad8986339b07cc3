import test from 'ava';
import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.js';
import { encodeBlock } from '../../../src/http2/hpack/hpack-encode.js';

test('encodeBlock takes whole fields from the static table, and indexes nothing', (t) => {
  t.is(encodeBlock([[':method', 'POST']]).toString('hex'), '83');
  t.is(encodeBlock([[':path', '/x']]).toString('hex'), '14022f78');
  t.is(
    encodeBlock([['te', 'trailers']]).toString('hex'),
    `10027465 08${Buffer.from('trailers').toString('hex')}`.replace(' ', ''),
  );
});

test('encodeBlock is understood, long values too', (t) => {
  const fields = [
    [':authority', 'localhost:8001'],
    ['user-agent', 'u'.repeat(126)],
    ['x-long', 'v'.repeat(300)],
    ['y'.repeat(127), 'z'.repeat(70_000)],
    ['content-type', 'application/grpc'],
  ] as const;
  const block = encodeBlock(fields);
  t.deepEqual<unknown, unknown>(new HpackDecoder().decode(block, 0, block.length), { fields, isSelfContained: true });
});
