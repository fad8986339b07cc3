import test from 'ava';
import { fromBfloat16Bits, fromFloat16Bits, toBfloat16Bits, toFloat16Bits } from '../../src/protocol/short-float.js';

const formats = [
  { name: 'FP16', to: toFloat16Bits, from: fromFloat16Bits },
  { name: 'BF16', to: toBfloat16Bits, from: fromBfloat16Bits },
] as const;

for (const { name, to, from } of formats) {
  test(`${name} every bit pattern survives, but for the payload of NaN`, (t) => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = from(bits);
      const expected = Number.isNaN(value) ? to(Number.NaN) : bits;
      if (to(value) !== expected) t.fail(`${bits.toString(16)} -> ${value} -> ${to(value).toString(16)}`);
    }
    t.pass();
  });

  test(`${name} rounds to the nearest, ties to even, between any two neighbours`, (t) => {
    for (let bits = 0; from(bits + 1) !== Number.POSITIVE_INFINITY; bits++) {
      const middle = (from(bits) + from(bits + 1)) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const quarter = from(bits) + (from(bits + 1) - from(bits)) / 4;
      const got = [to(middle), to(-middle), to(quarter), to(middle + (middle - quarter) / 2)];
      if (String(got) !== String([even, even | 0x8000, bits, bits + 1])) t.fail(`${bits.toString(16)}: ${got}`);
    }
    t.pass();
  });
}

/** Bits that IEEE 754-2019 and the definition of bfloat16 give. */
const known: readonly (readonly [string, number, number])[] = [
  ['FP16 1', toFloat16Bits(1), 0x3c00],
  ['FP16 0.1', toFloat16Bits(0.1), 0x2e66],
  ['FP16 65504', toFloat16Bits(65504), 0x7bff],
  ['FP16 just below the limit', toFloat16Bits(65519.99), 0x7bff],
  ['FP16 from the limit on', toFloat16Bits(65520), 0x7c00],
  ['FP16 smallest subnormal', toFloat16Bits(2 ** -24), 1],
  ['FP16 half of it', toFloat16Bits(2 ** -25), 0],
  ['FP16 -0', toFloat16Bits(-0), 0x8000],
  ['FP16 -Infinity', toFloat16Bits(Number.NEGATIVE_INFINITY), 0xfc00],
  ['FP16 the smallest double', toFloat16Bits(Number.MIN_VALUE), 0],
  ['BF16 1', toBfloat16Bits(1), 0x3f80],
  ['BF16 0.2', toBfloat16Bits(0.2), 0x3e4d],
  ['BF16 the largest', toBfloat16Bits(3.3895313892515355e38), 0x7f7f],
  ['BF16 infinity', toBfloat16Bits(1e39), 0x7f80],
  // Rounding to FP32 first would give a tie, and the tie the wrong neighbour.
  ['BF16 is rounded once', toBfloat16Bits(1 + 2 ** -8 + 2 ** -40), 0x3f81],
];
for (const [title, got, expected] of known) {
  test(title, (t) => t.is(got, expected));
}
