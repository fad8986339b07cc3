import test from 'ava';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import { elementCount, packBytes, rawByteSize, unpackBytes } from '../../src/protocol/tensor.js';

test('elementCount multiplies, a scalar has one element', (t) => {
  t.is(elementCount([]), 1);
  t.is(elementCount([2, 3, 4]), 24);
  t.is(elementCount([2, 0, 4]), 0);
});

test('rawByteSize is unknown for BYTES only', (t) => {
  t.is(rawByteSize('FP16', [3, 5]), 30);
  t.is(rawByteSize('INT64', []), 8);
  t.is(rawByteSize('BYTES', [1]), undefined);
});

test('packBytes writes little-endian lengths', (t) => {
  t.deepEqual([...packBytes(['ab', '', Uint8Array.of(0, 255)])], [2, 0, 0, 0, 97, 98, 0, 0, 0, 0, 2, 0, 0, 0, 0, 255]);
  t.is(packBytes([]).length, 0);
});

test('unpackBytes reverses packBytes, also inside a larger buffer', (t) => {
  const elements = ['', 'snowman ☃', 'a\u0000b', 'x'.repeat(70_000)];
  const packed = Buffer.concat([Buffer.from('xyz'), packBytes(elements)]).subarray(3);
  t.deepEqual(
    unpackBytes(packed, 'A').map((element) => Buffer.from(element).toString()),
    elements,
  );
});

test('unpackBytes refuses what is cut short', (t) => {
  const cut = { instanceOf: ProtocolError, message: /^incomplete string length indicator for inference input 'A'/ };
  t.throws(() => unpackBytes(Uint8Array.of(1, 0, 0), 'A'), cut);
  t.throws(() => unpackBytes(Uint8Array.of(0, 0, 0, 0, 9), 'A'), cut);
  const short = {
    instanceOf: ProtocolError,
    message: /expecting string of length 4294967295 but only 1 bytes available/,
  };
  t.throws(() => unpackBytes(Uint8Array.of(255, 255, 255, 255, 1), 'A'), short);
});
