import type { ModelProto } from '../onnx/model-proto.js';
import { allInFp16 } from './rewrite/all-in-fp16.js';
import { int8Dynamic } from './rewrite/int8-dynamic.js';
import type { Rewritten } from './rewrite/rewritten.js';
import { standardGraph } from './rewrite/standard-graph.js';
import { weightsInFp16 } from './rewrite/weights-in-fp16.js';
import { floatValuesOf } from './runtime/infer-types.js';

/** The precisions that a model can be had in besides its own. */
export const precisions = ['fp16-weights', 'fp16', 'int8-dynamic'] as const;

export type Precision = (typeof precisions)[number];

/** What variants are made with. */
export interface VariantOptions {
  /** Where `onnxruntime-node` was found. */
  readonly packagePath: string;
  /** See `WeightLayout`. */
  readonly weightBits: 7 | 8;
  /** Names of nodes, or of operators, that stay in FP32. */
  readonly keepInFp32: readonly string[];
}

/** Makes one variant. Rejects with a PerfError `model` when the model cannot have it at all. */
export async function makeVariant(
  model: ModelProto,
  precision: Precision,
  { packagePath, weightBits, keepInFp32 }: VariantOptions,
): Promise<Rewritten> {
  switch (precision) {
    case 'fp16-weights':
      return weightsInFp16(model);
    case 'fp16':
      return allInFp16(model, { floatValues: await floatValuesOf(standardGraph(model), packagePath), keepInFp32 });
    case 'int8-dynamic':
      return int8Dynamic(model, { weightBits });
  }
}
