import { type Datatype, datatypeFacts } from '../../src/protocol/datatype.js';
import type { Element, FixedDatatype } from '../../src/protocol/element-codec.js';

/** An element that its type can hold, or what should have been there instead. */
export type CheckedElement = { readonly value: Element } | { readonly expected: string };

const largestFloats: Readonly<Partial<Record<Datatype, number>>> = {
  FP16: 65_504,
  BF16: (2 - 2 ** -7) * 2 ** 127,
  FP32: (2 - 2 ** -23) * 2 ** 127,
};

/** The smallest and the largest finite number of a type, as far as a `number` can be sure of them. */
export function numberLimits(datatype: FixedDatatype): readonly [smallest: number, largest: number] {
  const { range } = datatypeFacts[datatype];
  if (range === undefined) {
    const largest = largestFloats[datatype] ?? Number.MAX_VALUE;
    return [-largest, largest];
  }
  return [Math.max(Number(range[0]), Number.MIN_SAFE_INTEGER), Math.min(Number(range[1]), Number.MAX_SAFE_INTEGER)];
}

/**
 * An element of a fixed-size type from a JSON value. Integers are taken for floats; for integers also text of digits,
 * the form in which no JSON library loses any. Numbers with a fraction are not taken for integers, and nothing is
 * rounded but floats to the nearest of their type.
 */
export function elementFrom(value: unknown, datatype: FixedDatatype): CheckedElement {
  if (datatype === 'BOOL') return booleanFrom(value);
  const { range } = datatypeFacts[datatype];
  return range === undefined ? floatFrom(value, datatype) : integerFrom(value, range);
}

function booleanFrom(value: unknown): CheckedElement {
  if (typeof value === 'boolean') return { value };
  if (value === 0 || value === 1 || value === 0n || value === 1n) return { value: Number(value) === 1 };
  return { expected: 'true or false (or 1 or 0)' };
}

function floatFrom(value: unknown, datatype: FixedDatatype): CheckedElement {
  if (typeof value !== 'number' && typeof value !== 'bigint') return { expected: 'a number' };
  const number = Number(value);
  const isMeantInfinite = typeof value === 'number' && !Number.isFinite(value);
  const largest = largestFloats[datatype] ?? Number.MAX_VALUE;
  if (isMeantInfinite || Math.abs(number) <= largest) return { value: number };
  return { expected: `a number from ${-largest} to ${largest}` };
}

function integerFrom(value: unknown, [smallest, largest]: readonly [bigint, bigint]): CheckedElement {
  const expected = `an integer from ${smallest} to ${largest}`;
  const isText = typeof value === 'string' && /^[+-]?\d+$/.test(value);
  const isSafe = typeof value === 'number' && Number.isSafeInteger(value);
  if (!isText && !isSafe && typeof value !== 'bigint') return { expected };
  const exact = typeof value === 'string' ? BigInt(value.replace('+', '')) : value;
  return exact >= smallest && exact <= largest ? { value: exact } : { expected };
}
