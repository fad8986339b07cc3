import { readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { oneOf } from '../flags/parse.js';

/** Names of the processor's abilities of which one suffices: products of 8-bit numbers summed in 32 bits. */
const wideSums = /\b(avx_vnni|avx512_vnni|avx_vnni_int8|amx_int8)\b/;

/**
 * As many bits as the weights of an int8 variant have: what the user says, or what this processor multiplies without
 * saturating. x86 without VNNI sums pairs of products in 16 bits.
 *
 * @throws PerfError `usage`
 */
export function weightBitsOf(given: string | undefined): 7 | 8 {
  if (given !== undefined) return oneOf('--weight-bits', given, ['7', '8']) === '7' ? 7 : 8;
  return arch() !== 'x64' || wideSums.test(processorFlags()) ? 8 : 7;
}

function processorFlags(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
