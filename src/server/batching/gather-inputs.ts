import { elementCount } from '../../protocol/tensor.js';
import type { Batch, ExecutableRequest } from '../backends/backend.js';
import { fillVariableDims } from './fill-variable-dims.js';
import { generateBatchInput } from './generate-batch-input.js';

/** Where one input of a batch lies in the gathered buffer. */
interface GatheredInput {
  readonly shape: readonly number[];
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** The inputs of a batch, each contiguous and aligned, in one buffer that can be transferred; it may be larger than they are. */
export interface GatheredBatch {
  readonly buffer: ArrayBuffer;
  readonly inputs: readonly GatheredInput[];
}

/** A cache line; also enough for every typed array. */
const alignment = 64;

/**
 * Copies the inputs of all requests together: the one copy on the way in. BYTES simply concatenate as well.
 *
 * @param bufferOf gives a buffer of at least so many bytes; what is in it does not matter
 */
export function gatherInputs(batch: Batch, bufferOf: (byteLength: number) => ArrayBuffer): GatheredBatch {
  const parts = batch.plan.inputs.map((_, index) => partOf(batch, index));
  const inputs: GatheredInput[] = [];
  let size = 0;
  for (const { shape, chunks } of parts) {
    let byteLength = 0;
    for (const chunk of chunks) byteLength += chunk.byteLength;
    inputs.push({ shape, byteOffset: size, byteLength });
    size = Math.ceil((size + byteLength) / alignment) * alignment;
  }
  const buffer = bufferOf(size);
  const bytes = new Uint8Array(buffer);
  parts.forEach(({ chunks }, index) => {
    let offset = inputs[index]?.byteOffset ?? 0;
    for (const chunk of chunks) {
      bytes.set(chunk, offset);
      offset += chunk.byteLength;
    }
  });
  return { buffer, inputs };
}

/** One input of the batch: what the requests brought, or what the server makes of them. */
function partOf(
  { plan, requests }: Batch,
  index: number,
): { readonly shape: readonly number[]; readonly chunks: readonly Uint8Array[] } {
  const generated = plan.inputs[index]?.generated;
  if (generated !== undefined) {
    const { shape, data } = generateBatchInput(generated, requests);
    return { shape, chunks: [data] };
  }
  const chunks: Uint8Array[] = [];
  for (const request of requests) {
    const data = request.inputs[index]?.data;
    if (data !== undefined) chunks.push(data);
  }
  return { shape: batchedShape({ plan, requests }, index), chunks };
}

/** The shape that the model sees. Requests of a batch agree in all but the first dimension, unless it is ragged. */
function batchedShape({ plan, requests }: Batch, index: number): readonly number[] {
  const input = plan.inputs[index];
  if (input?.isRagged) return [elementsOf(requests, index)];
  const shape = requests[0]?.inputs[index]?.shape ?? [];
  const batching = plan.maxBatchSize > 0;
  const dims = batching ? shape.slice(1) : shape;
  const modelDims =
    input === undefined || input.modelDims === input.dims ? dims : fillVariableDims(input.modelDims, input.dims, dims);
  if (!batching) return modelDims;
  let rows = 0;
  for (const request of requests) rows += request.batchSize;
  return [rows, ...modelDims];
}

const elementsOf = (requests: readonly ExecutableRequest[], index: number): number =>
  requests.reduce((sum, request) => sum + elementCount(request.inputs[index]?.shape ?? [0]), 0);
