import type { Random } from '../../src/core/random.js';
import { pick } from './script.js';

export const chance = (random: Random, probability: number): boolean => random() < probability;

/** A whole number from 0 to `most`. */
export const upTo = (random: Random, most: number): number => Math.floor(random() * (most + 1));

export const anyBytes = (random: Random, most: number): Buffer =>
  Buffer.from(Array.from({ length: upTo(random, most) }, () => upTo(random, 255)));

/** A copy with a few bytes changed, taken out or put in. */
export function damaged(random: Random, bytes: Uint8Array): Buffer {
  let result = Buffer.from(bytes);
  for (let left = 1 + upTo(random, 3); left > 0; left--) {
    const at = upTo(random, result.length);
    const behind = pick(random, [at, Math.min(result.length, at + 1 + upTo(random, 4))]);
    const between = chance(random, 0.7) ? anyBytes(random, 4) : Buffer.alloc(0);
    result = Buffer.concat([result.subarray(0, at), between, result.subarray(behind)]);
  }
  return result;
}

/** Lengths, sizes and dims that no honest client sends. */
export const absurd = [
  '99999999999',
  '-1',
  '0',
  '1e9',
  '1.5',
  '4294967296',
  '2147483648',
  '9223372036854775807',
  '18446744073709551616',
  '0x10',
  'NaN',
  'null',
  '""',
  '[]',
  '{}',
  '1e400',
] as const;
