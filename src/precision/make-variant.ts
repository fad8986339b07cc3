import { PerfError } from '../core/perf-error.js';
import type { ModelProto } from '../onnx/model-proto.js';
import { calibrate } from './calibrate.js';
import type { Calibration } from './calibration/range-of.js';
import { allInFp16 } from './rewrite/all-in-fp16.js';
import { firstWithDynamic, int8Dynamic } from './rewrite/int8-dynamic.js';
import { firstWithStatic, int8Static } from './rewrite/int8-static.js';
import type { Rewritten } from './rewrite/rewritten.js';
import { opsetOf, standardGraph } from './rewrite/standard-graph.js';
import { planStatic } from './rewrite/static-plan.js';
import { upgradeOpset } from './rewrite/upgrade-opset.js';
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
      return int8Dynamic(newestOf(model, firstWithDynamic), { weightBits, keepInFp32 });
    case 'int8-static':
      return await calibrated(model, options);
  }
}

/** The model in operators that have a scale for each channel, where it can be had in them, or else from `least` on as it is. */
function newestOf(model: ModelProto, least: number): ModelProto {
  try {
    return upgradeOpset(model);
  } catch (thrown) {
    if (thrown instanceof PerfError && opsetOf(model) >= least) return model;
    throw thrown;
  }
}

async function calibrated(source: ModelProto, options: VariantOptions): Promise<Rewritten> {
  const model = newestOf(source, firstWithStatic);
  const plan = planStatic(model, options.keepInFp32);
  if (plan.converted === 0) return { model, converted: 0, kept: plan.kept };
  return int8Static(plan, { ranges: await calibrate(plan, options), weightBits: options.weightBits });
}
