import { rawByteSize, type Tensor } from '../../../protocol/tensor.js';
import { fillVariableDims } from '../../batching/fill-variable-dims.js';
import { isAbsent } from '../../config/absent-tensor.js';
import type { PlannedTensor, TensorPlan } from '../../config/tensor-plan.js';
import type { RawTensor } from './worker-messages.js';

/** A request's input as the model sees it; `undefined` when the request left it out. */
export function modelInput(
  { shape, data }: Tensor,
  planned: PlannedTensor | undefined,
  plan: TensorPlan,
): RawTensor | undefined {
  if (isAbsent({ shape })) return undefined;
  if (planned === undefined) return { shape, data };
  return { shape: reshaped(shape, { from: planned.dims, to: planned.modelDims, plan }), data };
}

/**
 * A model's output as the client sees it.
 *
 * @throws Error when the bytes are not those of the shape
 */
export function clientOutput({ shape, data }: RawTensor, planned: PlannedTensor | undefined, plan: TensorPlan): Tensor {
  if (planned === undefined) throw new Error('more outputs than the model has');
  const { name, datatype, dims, modelDims } = planned;
  const size = rawByteSize(datatype, shape);
  if (size !== undefined && size !== data.byteLength) throw new Error(`output '${name}' has a wrong size`);
  return { name, datatype, shape: reshaped(shape, { from: modelDims, to: dims, plan }), data };
}

function reshaped(
  shape: readonly number[],
  { from, to, plan }: { readonly from: readonly number[]; readonly to: readonly number[]; readonly plan: TensorPlan },
): readonly number[] {
  if (from === to) return shape;
  const rows = plan.maxBatchSize > 0 ? shape.slice(0, 1) : [];
  return [...rows, ...fillVariableDims(to, from, shape.slice(rows.length))];
}
