import { elementCount } from '../../protocol/tensor.js';
import type { Batch, ExecutableRequest } from '../backends/backend.js';
import { fillVariableDims } from './fill-variable-dims.js';
import { generateBatchInput } from './generate-batch-input.js';

/** Where one tensor of a batch lies in a room for several. */
export interface PlacedTensor {
  readonly shape: readonly number[];
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** The inputs of a batch, each contiguous and aligned, in one room that may be larger than they are. */
interface GatheredBatch {
  readonly room: Uint8Array;
  readonly inputs: readonly PlacedTensor[];
}

/** A cache line; also enough for every typed array. */
const alignment = 64;

/** The first place at or behind an offset where a tensor may begin. */
export const aligned = (offset: number): number => Math.ceil(offset / alignment) * alignment;

/**
 * Copies the inputs of all requests together: the one copy on the way in. BYTES simply concatenate as well.
 *
 * @param roomOf gives at least so many bytes; what is in them does not matter
 */
export function gatherInputs(batch: Batch, roomOf: (byteLength: number) => Uint8Array): GatheredBatch {
  const parts = batch.plan.inputs.map((_, index) => partOf(batch, index));
  const inputs: PlacedTensor[] = [];
  let size = 0;
  for (const { shape, chunks } of parts) {
    let byteLength = 0;
    for (const chunk of chunks) byteLength += chunk.byteLength;
    inputs.push({ shape, byteOffset: size, byteLength });
    size = aligned(size + byteLength);
  }
  const room = roomOf(size);
  parts.forEach(({ chunks }, index) => {
    let offset = inputs[index]?.byteOffset ?? 0;
    for (const chunk of chunks) {
      room.set(chunk, offset);
      offset += chunk.byteLength;
    }
  });
  return { room, inputs };
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
