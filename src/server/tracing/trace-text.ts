import type { Nanoseconds } from '../../core/units.js';
import { elementCodecs } from '../../protocol/element-codec.js';
import { elementCount, rawByteSize, type Tensor, unpackBytes } from '../../protocol/tensor.js';
import type { ExecutionTimes } from '../statistics/version-statistics.js';

export interface TracedRequest {
  readonly id: number;
  readonly modelName: string;
  readonly modelVersion: string;
  /** '' = it has none. */
  readonly requestId: string;
}

/** When a request came, executed and was answered; one that failed or came from the cache did not execute. */
export interface TraceTimes {
  readonly start: Nanoseconds;
  readonly execution: ExecutionTimes | undefined;
  readonly end: Nanoseconds;
}

/** What a trace begins with. */
export const headText = ({ id, modelName, modelVersion, requestId }: TracedRequest): string =>
  JSON.stringify({
    id,
    model_name: modelName,
    model_version: Number(modelVersion),
    ...(requestId === '' ? {} : { request_id: requestId }),
  });

/** Triton's names; it begins to wait as soon as it is there, for checking it takes next to no time. */
export function timestampsText(id: number, { start, execution, end }: TraceTimes): string {
  const executed = execution === undefined ? [] : executionStamps(start, execution);
  const stamps: [string, Nanoseconds][] = [['REQUEST_START', start], ...executed, ['REQUEST_END', end]];
  return JSON.stringify({ id, timestamps: stamps.map(([name, ns]) => ({ name, ns })) });
}

const executionStamps = (start: Nanoseconds, execution: ExecutionTimes): [string, Nanoseconds][] => [
  ['QUEUE_START', start],
  ['COMPUTE_START', execution.start],
  ['COMPUTE_INPUT_END', execution.computeStart],
  ['COMPUTE_OUTPUT_START', execution.computeEnd],
  ['COMPUTE_END', execution.end],
];

/** A tensor with all its elements, as text behind each other. */
export const tensorText = (
  id: number,
  activity: 'TENSOR_QUEUE_INPUT' | 'TENSOR_BACKEND_OUTPUT',
  tensor: Tensor,
): string =>
  JSON.stringify({
    id,
    activity,
    tensor: {
      name: tensor.name,
      data: elementsOf(tensor).join(','),
      shape: tensor.shape.join(','),
      dtype: tensor.datatype,
    },
  });

function elementsOf({ name, datatype, shape, data }: Tensor): string[] {
  if (datatype === 'BYTES') return unpackBytes(data, name).map((bytes) => Buffer.from(bytes).toString());
  const { read } = elementCodecs[datatype];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const sizeBytes = rawByteSize(datatype, []) ?? 1;
  return Array.from({ length: elementCount(shape) }, (_, index) => String(read(view, index * sizeBytes)));
}
