import test from 'ava';
import { callHead, prepareCall } from '../../../../analyzer/wire/http2/prepare-call.js';
import { HpackDecoder } from '../../../../src/http2/hpack/hpack-decoder.js';
import { requestFor } from '../peer.js';

test('callHead has the fields that gRPC asks for', (t) => {
  const { bytes, idOffsets } = callHead({ authority: 'h:1', requestTimeoutMs: 250, headers: [['X-Key', 'v']] });
  t.deepEqual(idOffsets, [5]);
  t.deepEqual<unknown, unknown>(new HpackDecoder().decode(bytes, 9, bytes.length).fields, [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/inference.GRPCInferenceService/ModelInfer'],
    [':authority', 'h:1'],
    ['grpc-timeout', '250000u'],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ['user-agent', 'perf-analyze'],
    ['grpc-accept-encoding', 'identity'],
    ['x-key', 'v'],
  ]);
});

const timeouts = [
  [0.0001, '1u'],
  [1.5, '1500u'],
  [89_999, '89999000u'],
  [90_000, '90000m'],
] as const;
for (const [limitMs, expected] of timeouts) {
  test(`callHead says ${limitMs} ms as ${expected}`, (t) => {
    const { bytes } = callHead({ authority: 'h:1', requestTimeoutMs: limitMs });
    const { fields } = new HpackDecoder().decode(bytes, 9, bytes.length);
    t.is(fields.find(([name]) => name === 'grpc-timeout')?.[1], expected);
  });
}

test('prepareCall makes one image of a small call, and leaves a large one apart', (t) => {
  const head = callHead({ authority: 'h:1' });
  const small = prepareCall(requestFor('m'), head);
  t.deepEqual(small.whole?.idOffsets, [5, head.bytes.length + 5]);
  t.is(small.whole?.bytes.length, head.bytes.length + 9 + small.message.length);
  t.is(small.message.readUInt32BE(1), small.message.length - 5);
  t.is(prepareCall(requestFor('m', Buffer.alloc(16_400)), head).whole, undefined);
});
