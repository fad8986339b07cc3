/** An id is so many hexadecimal digits, whatever its number: messages differ in nothing else. */
export const requestIdDigits = 8;

const digits = Buffer.from('0123456789abcdef');

/** Writes the digits of an id at `at`, as far as they lie between `from` and `to`. */
export function writeRequestId(bytes: Buffer, at: number, id: number, from: number, to: number): void {
  for (let index = 0; index < requestIdDigits; index++) {
    const position = at + index;
    if (position < from || position >= to) continue;
    bytes[position] = digits[(id >>> (4 * (requestIdDigits - 1 - index))) & 15] ?? 0;
  }
}

/** The number of an id; `undefined` when it is not one of ours. */
export function readRequestId(bytes: Buffer, from: number, to: number): number | undefined {
  if (to - from !== requestIdDigits) return undefined;
  let id = 0;
  for (let at = from; at < to; at++) {
    const digit = digits.indexOf(bytes[at] ?? 0);
    if (digit < 0) return undefined;
    id = id * 16 + digit;
  }
  return id;
}
