import { HpackError } from './hpack-error.js';

/**
 * How many bits the code of each byte has (RFC 7541 appendix B). The code is canonical (shorter codes first, then in the
 * order of the bytes), so that the lengths are all there is to know. The end-of-string symbol has 30 bits.
 */
// biome-ignore format: sixteen in a row
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const endOfString = 256;
const longest = 30;

interface CodesOfLength {
  readonly first: number;
  readonly symbols: readonly number[];
}

/** Index: the length of a code in bits. */
const codes: readonly CodesOfLength[] = canonicalCodes();

function canonicalCodes(): CodesOfLength[] {
  const table: CodesOfLength[] = [];
  let next = 0;
  for (let length = 0; length <= longest; length++) {
    const symbols = [...codeLengths.keys()].filter((symbol) => codeLengths[symbol] === length);
    table.push({ first: next, symbols });
    next = (next + symbols.length) * 2;
  }
  return table;
}

/**
 * The text of a Huffman-coded string (RFC 7541 section 5.2), one character a byte.
 *
 * @throws HpackError when it holds the end-of-string symbol or is not padded with its first bits
 */
export function huffmanDecode(bytes: Buffer, from: number, to: number): string {
  const decoded: number[] = [];
  let code = 0;
  let length = 0;
  for (let bit = from * 8; bit < to * 8; bit++) {
    code = (code << 1) | (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
    length++;
    const symbol = symbolOf(code, length);
    if (symbol === undefined) continue;
    if (symbol === endOfString) throw new HpackError('the end-of-string symbol stands in a string');
    decoded.push(symbol);
    code = 0;
    length = 0;
  }
  if (length > 7 || code !== (1 << length) - 1) throw new HpackError('a Huffman-coded string is not padded with ones');
  return Buffer.from(decoded).toString('latin1');
}

function symbolOf(code: number, length: number): number | undefined {
  const candidates = codes[length];
  return candidates?.symbols[code - candidates.first];
}
