import type { Int32Histogram } from 'hdr-histogram-js';

/**
 * The counts of a histogram that are not 0, in some 3 bytes each: how far behind the last one it is, and the count itself, both as
 * varints (7 bits a byte, the lowest first; a set high bit says that more follow).
 */
export function packCounts(histogram: Int32Histogram): Uint8Array {
  const bytes: number[] = [];
  let last = -1;
  for (let index = 0; index < histogram.countsArrayLength; index++) {
    const count = histogram.getCountAtIndex(index);
    if (count === 0) continue;
    pushVarint(bytes, index - last);
    pushVarint(bytes, count);
    last = index;
  }
  return Uint8Array.from(bytes);
}

/** @param histogram an empty one of the same form */
export function unpackCounts(bytes: Uint8Array, histogram: Int32Histogram): void {
  let index = -1;
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte % 128) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    index += next();
    histogram.recordValueWithCount(histogram.valueFromIndex(index), next());
  }
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(128 + (rest % 128));
  bytes.push(rest);
}
