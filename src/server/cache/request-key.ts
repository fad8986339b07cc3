import { createHash } from 'node:crypto';
import type { InferRequest } from '../../protocol/infer.js';
import type { Tensor } from '../../protocol/tensor.js';

/** They change when and how an answer comes, not what it is. */
const withoutMeaning: ReadonlySet<string> = new Set(['priority', 'timeout', 'binary_data_output']);

/**
 * Equal for requests that a loaded version answers alike: same inputs (names, types, shapes and bytes), requested outputs
 * and parameters (model configuration, 7.5).
 *
 * @param served names the loaded version; one that is loaded again is another
 * @param inputs in the plan's order
 */
export function requestKey(served: string, request: InferRequest, inputs: readonly Tensor[]): string {
  const parameters = [...request.parameters].filter(([key]) => !withoutMeaning.has(key)).toSorted(byName);
  const head = {
    served,
    outputs: request.outputs.map(({ name }) => name).toSorted(),
    parameters: parameters.map(([key, value]) => [key, typeof value, String(value)]),
    inputs: inputs.map(({ name, datatype, shape, data }) => [name, datatype, shape, data.length]),
  };
  const hash = createHash('sha256').update(JSON.stringify(head));
  for (const { data } of inputs) hash.update(data);
  return hash.digest('base64');
}

const byName = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number =>
  left < right ? -1 : 1;
