import type { Machine } from './run.js';
import type { SearchLimit } from './search-result.js';

/** How far one output of a variant is from that of the original, over all samples. */
export interface OutputAccuracy {
  readonly name: string;
  readonly elements: number;
  /** Elements that the original gives as finite numbers and the variant as NaN or infinity, or the other way round. */
  readonly nonFinite: number;
  /** Absent, as the next two, for an output that does not hold floats, or none that are finite. 1 when both are zeros, 0 when only one is. */
  readonly cosine?: number;
  /** Root mean square of the difference over that of the original; absent when only the original is zeros. */
  readonly relativeRmse?: number;
  readonly largestError?: number;
  /** Share of rows whose largest element is in the same place; absent without rows of several elements. */
  readonly top1?: number;
  /** Share of rows whose largest element is among the variant's five largest; absent with fewer than six in a row. */
  readonly top5?: number;
  /** Share of equal elements, of an output that does not hold floats. */
  readonly equal?: number;
}

/** How fast a variant computes a batch. */
export interface VariantTiming {
  readonly batch: number;
  /** Geometric mean of the rounds' means. */
  readonly latencyMs: number;
  /** Inferences a second, one batch after the other. */
  readonly throughput: number;
  /** Against the original in the same rounds; 95 %. Absent for the original. */
  readonly speedup?: { readonly value: number; readonly low: number; readonly high: number };
  readonly rounds: number;
  /** The most memory of the process with the session, up to and with this batch. */
  readonly peakMemoryBytes: number;
}

/** The original, or a variant of it. */
export interface Variant {
  readonly precision: string;
  readonly sizeBytes?: number;
  /** How long it took to make. */
  readonly makeMs?: number;
  /** Nodes, or weights where only those change. */
  readonly converted?: number;
  readonly kept: readonly { readonly name: string; readonly opType: string; readonly reason: string }[];
  /** Why it must not be used; absent when it passed. Only then it is timed. */
  readonly refusal?: string;
  readonly accuracy: readonly OutputAccuracy[];
  readonly timings: readonly VariantTiming[];
  /** How long it took to load, once. */
  readonly loadMs?: number;
  /** Mean of what the user's module says of single inferences, from 0 to 1; absent without a module. */
  readonly verified?: number;
  /** What it does not help with, and why. */
  readonly notes: readonly string[];
}

/** What the variants of a model buy. */
export interface VariantsResult {
  readonly format: 'perf-analyze/variants';
  readonly formatVersion: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly startedAt: string;
  readonly machine: Machine;
  readonly model: string;
  readonly modelPath: string;
  /** Threads that compute, of each session. */
  readonly threads: number;
  /** 7 or 8; see the README. */
  readonly weightBits: number;
  /** Inferences that the accuracy is of. */
  readonly samples: number;
  /** The module that says which answers are right, and of how many inferences. */
  readonly verify?: { readonly module: string; readonly samples: number };
  readonly limits: readonly SearchLimit[];
  /** The original first. */
  readonly variants: readonly Variant[];
}
