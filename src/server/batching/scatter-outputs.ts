import type { Datatype } from '../../protocol/datatype.js';
import { elementCount, type Tensor } from '../../protocol/tensor.js';
import type { Batch, ExecutableRequest } from '../backends/backend.js';
import type { PlannedTensor } from '../config/tensor-plan.js';
import { RefusalError } from '../refusal.js';
import { fillVariableDims } from './fill-variable-dims.js';

/** An output as the model gave it for the whole batch, elements in raw form. */
export interface BatchOutput {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Cuts the outputs of a batch into those of its requests: views, nothing is copied.
 *
 * @param outputs one per planned output, in the plan's order
 * @throws RefusalError (`internal`) when an output does not have one row for each row of the batch
 */
export function scatterOutputs(batch: Batch, outputs: readonly BatchOutput[]): Tensor[][] {
  const { plan, requests } = batch;
  const results: Tensor[][] = requests.map(() => []);
  plan.outputs.forEach((planned, index) => {
    const output = outputs[index];
    if (output === undefined) {
      throw new RefusalError('internal', `model '${plan.modelName}' gave no output '${planned.name}'`);
    }
    if (plan.maxBatchSize === 0) {
      results[0]?.push(toTensor(planned, clientDims(planned, output.shape), output.data));
      return;
    }
    const scatter = planned.shapedAs === undefined ? scatterRows : scatterLikeInput;
    scatter({ planned, output, requests, modelName: plan.modelName, results });
  });
  return results;
}

interface Scattering {
  readonly planned: PlannedTensor;
  readonly output: BatchOutput;
  readonly requests: readonly ExecutableRequest[];
  readonly modelName: string;
  readonly results: readonly Tensor[][];
}

/** Each request gets as many elements as its input has, in that shape (model configuration, BatchOutput). */
function scatterLikeInput({ planned, output, requests, modelName, results }: Scattering): void {
  const shapes = requests.map(({ inputs }) => inputs[planned.shapedAs ?? 0]?.shape ?? []);
  const expected = shapes.reduce((sum, shape) => sum + elementCount(shape), 0);
  const got = elementCount(output.shape);
  if (got !== expected) {
    throw new RefusalError(
      'internal',
      `output '${planned.name}' of model '${modelName}' has shape [${output.shape}], expected ${expected} elements`,
    );
  }
  const flat = { ...output, shape: [got] };
  let offset = 0;
  shapes.forEach((shape, index) => {
    const end = endOfRows(planned.datatype, { output: flat, offset, rows: elementCount(shape) });
    results[index]?.push(toTensor(planned, shape, output.data.subarray(offset, end)));
    offset = end;
  });
}

function scatterRows(options: Scattering): void {
  const { planned, output, requests, modelName, results } = options;
  const [rows, ...modelDims] = output.shape;
  const expected = requests.reduce((sum, request) => sum + request.batchSize, 0);
  if (rows !== expected) {
    throw new RefusalError(
      'internal',
      `output '${planned.name}' of model '${modelName}' has shape [${output.shape}], expected ${expected} rows`,
    );
  }
  const dims = clientDims(planned, modelDims);
  let offset = 0;
  requests.forEach((request, index) => {
    const end = endOfRows(planned.datatype, { output, offset, rows: request.batchSize });
    results[index]?.push(toTensor(planned, [request.batchSize, ...dims], output.data.subarray(offset, end)));
    offset = end;
  });
}

/** The byte offset after the next rows; BYTES have to be walked. */
function endOfRows(
  datatype: Datatype,
  { output, offset, rows }: { readonly output: BatchOutput; readonly offset: number; readonly rows: number },
): number {
  const [total = 1, ...dims] = output.shape;
  if (datatype !== 'BYTES') return offset + (output.data.byteLength / total) * rows;
  const view = new DataView(output.data.buffer, output.data.byteOffset, output.data.byteLength);
  let end = offset;
  for (let left = dims.reduce((product, dim) => product * dim, rows); left > 0; left--) {
    end += 4 + view.getUint32(end, true);
  }
  return end;
}

const clientDims = (planned: PlannedTensor, modelDims: readonly number[]): readonly number[] =>
  planned.modelDims === planned.dims ? modelDims : fillVariableDims(planned.dims, planned.modelDims, modelDims);

const toTensor = (planned: PlannedTensor, shape: readonly number[], data: Uint8Array): Tensor => ({
  name: planned.name,
  datatype: planned.datatype,
  shape,
  data,
});
