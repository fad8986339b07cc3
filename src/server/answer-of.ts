import { type InferOutput, type InferRequest, type InferResponse, noParameters } from '../protocol/infer.js';
import type { Tensor } from '../protocol/tensor.js';
import { classCountOf, classify } from './classification.js';
import type { OutputLabels } from './config/read-labels.js';
import type { TensorPlan } from './config/tensor-plan.js';

/**
 * The answer to a request.
 *
 * @param options.outputs in the plan's order; those that were not asked for may be missing
 * @throws RefusalError for an output that has no classes
 */
export const answerOf = (
  request: InferRequest,
  { name, version, ...picking }: Picking & { readonly name: string; readonly version: string },
): InferResponse => ({
  modelName: name,
  modelVersion: version,
  id: request.id,
  parameters: noParameters,
  outputs: pickOutputs(request, picking),
});

interface Picking {
  readonly outputs: readonly (Tensor | undefined)[];
  readonly plan: TensorPlan;
  readonly labels: OutputLabels;
}

/** The outputs that a request asks for, in its order and as classes where it wants them; all when it names none. */
function pickOutputs(request: InferRequest, { outputs, plan, labels }: Picking): InferOutput[] {
  if (request.outputs.length === 0)
    return outputs.flatMap((output) => (output === undefined ? [] : [toOutput(output)]));
  return request.outputs.flatMap((requested) => {
    const output = outputs[plan.outputIndex.get(requested.name) ?? -1];
    if (output === undefined) return [];
    const classCount = classCountOf(requested, output.datatype);
    if (classCount === 0) return [toOutput(output)];
    const isBatching = plan.maxBatchSize > 0;
    return [toOutput(classify(output, { classCount, isBatching, labels: labels.get(requested.name) }))];
  });
}

const toOutput = ({ name, datatype, shape, data }: Tensor): InferOutput => ({
  name,
  datatype,
  shape,
  data,
  parameters: noParameters,
});
