import { PerfError } from '../../core/perf-error.js';
import type { ModelProto } from '../../onnx/model-proto.js';
import { opsetOf } from './standard-graph.js';
import { upgradeOpset } from './upgrade-opset.js';

/** The model in operators that have a scale for each channel, where it can be had in them, or else from `least` on as it is. */
export function newestOf(model: ModelProto, least: number): ModelProto {
  try {
    return upgradeOpset(model);
  } catch (thrown) {
    if (thrown instanceof PerfError && opsetOf(model) >= least) return model;
    throw thrown;
  }
}
