import test from 'ava';
import { parseExactJson } from '../../src/protocol/exact-json.js';

const readable: readonly [text: string, value: unknown][] = [
  ['{"a":[1,-2.5,"x",null,true]}', { a: [1, -2.5, 'x', null, true] }],
  ['[9007199254740991, 9007199254740993]', [9007199254740991, 9007199254740993n]],
  ['[-9223372036854775808,18446744073709551615]', [-(2n ** 63n), 2n ** 64n - 1n]],
  ['18446744073709551615', 2n ** 64n - 1n],
  ['[0.30000000000000004, 1.2345678901234567e20, 1e400]', [0.30000000000000004, 1.2345678901234567e20, Infinity]],
  ['[NaN, Infinity, -Infinity, Inf, -Inf]', [Number.NaN, Infinity, -Infinity, Infinity, -Infinity]],
  ['{"NaN":"NaN","b":[NaN]}', { NaN: 'NaN', b: [Number.NaN] }],
  ['["12345678901234567890", "Infinity"]', ['12345678901234567890', 'Infinity']],
  ['["\\"[12345678901234567890]", "\\\\", NaN, "\\\\\\"NaN"]', ['"[12345678901234567890]', '\\', Number.NaN, '\\"NaN']],
  ['{"[1234567890123456789]":1, "x":[1234567890123456789]}', { '[1234567890123456789]': 1, x: [1234567890123456789n] }],
];

for (const [text, value] of readable)
  test(`parseExactJson reads ${text}`, (t) => t.deepEqual(parseExactJson(text), value));

const broken = [
  '',
  '{',
  '[NaN',
  '[+NaN]',
  '[NaNa]',
  '[Infinit]',
  '[00000000000000000001]',
  '["NaN]',
  '[1,]',
  '[NaN 1]',
];

for (const text of broken) {
  test(`parseExactJson refuses ${text}`, (t) => {
    t.throws(() => parseExactJson(text), { instanceOf: SyntaxError });
  });
}

test('parseExactJson keeps __proto__ an own member', (t) => {
  const value = parseExactJson('{"__proto__":{"polluted":1},"x":NaN}') as Record<string, unknown>;
  t.true(Object.hasOwn(value, '__proto__'));
  t.is(({} as Record<string, unknown>)['polluted'], undefined);
});

test('parseExactJson reads hostile text in linear time', (t) => {
  t.throws(() => parseExactJson(`[NaN,"${'\\"'.repeat(500_000)}`), { instanceOf: SyntaxError });
  t.throws(() => parseExactJson(`[NaN,${'"'.repeat(500_001)}`), { instanceOf: SyntaxError });
  t.throws(() => parseExactJson(`[NaN,${'1'.repeat(500_000)}x`), { instanceOf: SyntaxError });
  t.throws(() => parseExactJson('['.repeat(500_000)), { instanceOf: SyntaxError });
});
