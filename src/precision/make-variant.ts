import type { ModelProto } from '../onnx/model-proto.js';
import { allInFp16 } from './rewrite/all-in-fp16.js';
import { firstWithDynamic, int8Dynamic } from './rewrite/int8-dynamic.js';
import { newestOf } from './rewrite/newest-of.js';
import type { Rewritten } from './rewrite/rewritten.js';
import { standardGraph } from './rewrite/standard-graph.js';
import { weightsInFp16 } from './rewrite/weights-in-fp16.js';
import { floatValuesOf } from './runtime/infer-types.js';
import { optimizeOffline } from './runtime/optimize-offline.js';
import type { VariantOptions } from './variant-options.js';

/** The forms that a model can be had in besides its own: the first has the same precision, but another graph. */
export const precisions = ['optimized', 'fp16-weights', 'fp16', 'int8-dynamic', 'int8-static'] as const;

export type Precision = (typeof precisions)[number];

/** Makes a variant; see `createStaticMaker` for int8-static. Rejects with a PerfError `model` when the model cannot have it at all. */
export async function makeVariant(
  model: ModelProto,
  precision: Exclude<Precision, 'int8-static'>,
  options: VariantOptions,
): Promise<Rewritten> {
  const { packagePath, modelPath, temporary, optimization, weightBits, keepInFp32 } = options;
  switch (precision) {
    case 'optimized':
      return await optimizeOffline({ packagePath, modelPath, model, level: optimization, temporary });
    case 'fp16-weights':
      return weightsInFp16(model);
    case 'fp16':
      return allInFp16(model, {
        floatValues: await floatValuesOf(standardGraph(model), packagePath, temporary),
        keepInFp32,
      });
    case 'int8-dynamic':
      return int8Dynamic(newestOf(model, firstWithDynamic), { weightBits, keepInFp32 });
  }
}
