declare const unit: unique symbol;

/** A duration or a monotonic instant in nanoseconds. Exact up to 2^53 ns, about 104 days. */
export type Nanoseconds = number & { readonly [unit]: 'ns' };

export const ns = (value: number): Nanoseconds => value as Nanoseconds;
export const fromMs = (milliseconds: number): Nanoseconds => ns(milliseconds * 1e6);
export const toUs = (time: Nanoseconds): number => time / 1e3;
export const toMs = (time: Nanoseconds): number => time / 1e6;
export const toSeconds = (time: Nanoseconds): number => time / 1e9;

export const plus = (left: Nanoseconds, right: Nanoseconds): Nanoseconds => ns(left + right);
export const minus = (left: Nanoseconds, right: Nanoseconds): Nanoseconds => ns(left - right);
