import type { ModelProto } from '../onnx/model-proto.js';
import { calibrate } from './calibrate.js';
import { firstWithStatic, int8Static } from './rewrite/int8-static.js';
import { newestOf } from './rewrite/newest-of.js';
import type { QuantizedWeight } from './rewrite/quantize-weight.js';
import type { Rewritten } from './rewrite/rewritten.js';
import type { QuantizedLayer } from './rewrite/static-layer.js';
import { createPlanner } from './rewrite/static-plan.js';
import type { VariantOptions } from './variant-options.js';

/** Makes int8-static variants of one model, whose ranges are found once. */
export interface StaticMaker {
  /** The nodes with weights that can compute in 8 bits, in the order of the graph, each by the value that it gives. */
  readonly layers: readonly string[];
  /** @param sensitive layers that stay in FP32 */
  make(sensitive?: readonly string[]): Rewritten;
}

/** Rejects with a PerfError `model` when the model cannot be quantised at all. */
export async function createStaticMaker(
  source: ModelProto,
  options: Omit<VariantOptions, 'modelPath' | 'optimization'>,
): Promise<StaticMaker> {
  const { keepInFp32, weightBits } = options;
  const model = newestOf(source, firstWithStatic);
  const planWith = createPlanner(model);
  const plan = planWith({ keepInFp32 });
  if (plan.converted === 0) return { layers: [], make: () => ({ model, converted: 0, kept: plan.kept }) };
  const ranges = await calibrate(plan, options);
  const quantized = new Map<QuantizedLayer, QuantizedWeight>();
  return {
    layers: [...plan.layers.keys()].map(({ output }) => output[0] ?? ''),
    make: (sensitive = []) => {
      const changed = sensitive.length === 0 ? plan : planWith({ keepInFp32, sensitive: new Set(sensitive) });
      return int8Static(changed, { ranges, weightBits, quantized });
    },
  };
}
