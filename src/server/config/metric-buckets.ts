import { PerfError } from '../../core/perf-error.js';
import type { ModelConfig } from '../../protocol/model-config.js';

/** The one family whose buckets a configuration can choose. */
export const firstResponseFamily = 'nv_inference_first_response_histogram_ms';

/** Upper bounds in milliseconds, as Triton has them. */
const defaultBuckets: readonly number[] = [100, 500, 2000, 5000];

/**
 * The upper bounds of the histogram of first responses, in milliseconds (model configuration, ModelMetrics). Of several
 * entries the last one counts.
 *
 * @throws PerfError when they do not rise
 */
export function firstResponseBuckets({ name, model_metrics }: ModelConfig): readonly number[] {
  const controls = model_metrics?.metric_control ?? [];
  const own = controls.findLast(({ metric_identifier }) => metric_identifier?.family === firstResponseFamily);
  if (own === undefined) return defaultBuckets;
  const bounds = own.histogram_options?.buckets ?? [];
  const rise = bounds.every((bound, index) => bound > (bounds[index - 1] ?? Number.NEGATIVE_INFINITY));
  if (rise) return bounds;
  throw new PerfError('model', `histogram buckets of '${firstResponseFamily}' must rise for ${name}, got [${bounds}]`);
}

/** Families that a configuration names and that are not for it to choose. */
export const unknownFamilies = ({ model_metrics }: ModelConfig): readonly string[] =>
  (model_metrics?.metric_control ?? [])
    .map(({ metric_identifier }) => metric_identifier?.family ?? '')
    .filter((family) => family !== firstResponseFamily);
