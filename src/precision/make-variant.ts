import type { ModelProto } from '../onnx/model-proto.js';
import { calibrate } from './calibrate.js';
import type { Calibration } from './calibration/range-of.js';
import { allInFp16 } from './rewrite/all-in-fp16.js';
import { int8Dynamic } from './rewrite/int8-dynamic.js';
import { checkStaticOpset, int8Static } from './rewrite/int8-static.js';
import type { Rewritten } from './rewrite/rewritten.js';
import { standardGraph } from './rewrite/standard-graph.js';
import { planStatic } from './rewrite/static-plan.js';
import { weightsInFp16 } from './rewrite/weights-in-fp16.js';
import { floatValuesOf } from './runtime/infer-types.js';
import type { SentTensors } from './runtime/session-messages.js';

/** The precisions that a model can be had in besides its own. */
export const precisions = ['fp16-weights', 'fp16', 'int8-dynamic', 'int8-static'] as const;

export type Precision = (typeof precisions)[number];

/** What variants are made with. */
export interface VariantOptions {
  /** Where `onnxruntime-node` was found. */
  readonly packagePath: string;
  /** See `WeightLayout`. */
  readonly weightBits: 7 | 8;
  /** See `isNamed`. */
  readonly keepInFp32: readonly string[];
  /** What `int8-static` finds its ranges with. */
  readonly samples: readonly SentTensors[];
  readonly calibration: Calibration;
}

/** Makes one variant. Rejects with a PerfError `model` when the model cannot have it at all. */
export async function makeVariant(
  model: ModelProto,
  precision: Precision,
  options: VariantOptions,
): Promise<Rewritten> {
  const { packagePath, weightBits, keepInFp32 } = options;
  switch (precision) {
    case 'fp16-weights':
      return weightsInFp16(model);
    case 'fp16':
      return allInFp16(model, { floatValues: await floatValuesOf(standardGraph(model), packagePath), keepInFp32 });
    case 'int8-dynamic':
      return int8Dynamic(model, { weightBits, keepInFp32 });
    case 'int8-static':
      return await calibrated(model, options);
  }
}

async function calibrated(model: ModelProto, options: VariantOptions): Promise<Rewritten> {
  checkStaticOpset(model);
  const plan = planStatic(model, options.keepInFp32);
  if (plan.converted === 0) return { model, converted: 0, kept: plan.kept };
  return int8Static(plan, { ranges: await calibrate(plan, options), weightBits: options.weightBits });
}
