/** Whole numbers from 0 on, first in, first out, without an object for each. */
export interface Ring {
  readonly length: number;
  /** There must be room. */
  push(value: number): void;
  /** The first, which stays. */
  peek(): number | undefined;
  shift(): number | undefined;
}

/** @param capacity how many it holds, at most */
export function createRing(capacity: number): Ring {
  const values = new Uint32Array(capacity);
  let head = 0;
  let length = 0;
  return {
    get length() {
      return length;
    },
    push: (value) => {
      values[(head + length) % capacity] = value;
      length++;
    },
    peek: () => (length === 0 ? undefined : values[head]),
    shift: () => {
      if (length === 0) return undefined;
      const value = values[head];
      head = head + 1 === capacity ? 0 : head + 1;
      length--;
      return value;
    },
  };
}
