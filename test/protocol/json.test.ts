import test from 'ava';
import { parseJsonObject, requiredString, shapeFrom, shown } from '../../src/protocol/json.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';

test('parseJsonObject takes objects only', (t) => {
  t.deepEqual(parseJsonObject('{"a":1}'), { a: 1 });
  for (const text of ['[]', '1', 'null', '"x"', '', '{', '{"a":}']) {
    t.throws(() => parseJsonObject(text), { instanceOf: ProtocolError }, text);
  }
});

test('requiredString names the member and its owner', (t) => {
  t.is(requiredString({ name: 'x' }, 'name', 'input'), 'x');
  t.throws(() => requiredString({}, 'name', 'input'), { message: `'name' of input must be a string, got nothing` });
  t.throws(() => requiredString({ name: 1 }, 'name', 'input'), { message: /got number$/ });
  t.throws(() => requiredString({}, 'toString', 'input'), { instanceOf: ProtocolError });
});

test('shapeFrom takes non-negative integers', (t) => {
  for (const shape of [[], [0], [1, 2, 3], [2 ** 52]]) t.deepEqual(shapeFrom(shape, 'input'), shape);
});

for (const shape of [undefined, '1', [-1], [1.5], ['1'], [null], [[1]], [-(2n ** 60n)]]) {
  test(`shapeFrom refuses ${Array.isArray(shape) ? `[${shape.map(shown)}]` : shown(shape)}`, (t) => {
    t.throws(() => shapeFrom(shape, 'input'), { instanceOf: ProtocolError, message: /^'shape' of input must/ });
  });
}

test('shown cuts long values, and shows integers that are bigints wherever they are', (t) => {
  t.is(shown(2n ** 60n), '1152921504606846976');
  t.is(shown({ a: [2n ** 60n] }), '{"a":["1152921504606846976"]}');
  t.is(shown('x'.repeat(200)).length, 83);
});

test('shapeFrom refuses a product that is not exact', (t) => {
  t.throws(() => shapeFrom([0, 2n ** 60n], 'input'), { message: /exceed maximum size/ });
  for (const shape of [[2 ** 53], [2 ** 30, 2 ** 30], [0, 2 ** 40, 2 ** 40], [1e300]]) {
    t.throws(() => shapeFrom(shape, 'input'), { message: /causes total element count to exceed maximum size of/ });
  }
});
