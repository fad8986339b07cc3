/** How the values of one input are made (`--input NAME:...`). Every one of them is seeded. */
export type Generator =
  /** From `low` up to, but not including, `high`. */
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  /** Integers are rounded; what lies outside the type becomes its smallest or largest value. */
  | { readonly kind: 'normal'; readonly mean: number; readonly deviation: number }
  /** Text as typed: 64-bit integers keep their digits. */
  | { readonly kind: 'constant'; readonly value: string }
  /** Integers from 0 to `count` - 1; that of rank k has the weight 1 / (k + 1) ^ `exponent`. */
  | { readonly kind: 'zipf'; readonly count: number; readonly exponent: number }
  /** `start`, `start + step`, ... in row-major order, from the beginning in every inference. */
  | { readonly kind: 'sequence'; readonly start: number; readonly step: number }
  /** A random line of a text file for each element; BYTES only. */
  | { readonly kind: 'vocabulary'; readonly file: string }
  /** The same content in every inference: raw bytes, or a line for each element of BYTES. */
  | { readonly kind: 'file'; readonly file: string };

/** One of the shapes that requests take, without the batch dimension. */
export interface ShapeChoice {
  readonly dims: readonly number[];
  /** Its share is this over the sum of the weights of its input. */
  readonly weight: number;
}

/** How far a number may lie from what was expected: `absolute` + `relative` x the magnitude of what was expected. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** What requests carry, and what their answers must hold. */
export interface InputDataSettings {
  /** Where the inputs without a generator come from. */
  readonly source: 'random' | 'zero' | 'folder' | 'files';
  /** The folder, or the JSON files in their order. */
  readonly paths: readonly string[];
  readonly generators: Readonly<Record<string, Generator>>;
  /** Length of random strings. */
  readonly stringLength: number;
  /** Every string, instead of random ones. */
  readonly stringData?: string;
  /** For outputs that the data has expectations of. */
  readonly tolerance: Tolerance;
}
