import type { Calibration } from './calibration/range-of.js';
import type { OptimizationLevel } from './runtime/optimize-offline.js';
import type { SentTensors } from './runtime/session-messages.js';

/** What variants are made with. */
export interface VariantOptions {
  /** Where `onnxruntime-node` was found. */
  readonly packagePath: string;
  /** Where files lie for a moment; in the system's place for them unless given. */
  readonly temporary?: string;
  /** The model's own file. */
  readonly modelPath: string;
  /** What `optimized` is. */
  readonly optimization: OptimizationLevel;
  /** See `WeightLayout`. */
  readonly weightBits: 7 | 8;
  /** See `isNamed`. */
  readonly keepInFp32: readonly string[];
  /** What `int8-static` finds its ranges with. */
  readonly samples: readonly SentTensors[];
  readonly calibration: Calibration;
}
