import type { InferRequest, Parameters, RequestedOutput } from '../../src/protocol/infer.js';
import { rawByteSize } from '../../src/protocol/tensor.js';
import type { TensorSpec } from '../data/model-signature.js';

/** Tensors begin at multiples of this, as fast copies like it. */
const alignment = 64;
const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** A tensor of a request that lies in the region of all inputs. */
export interface InputArea {
  readonly offset: number;
  readonly data: Uint8Array;
}

/** Requests whose data has a place in the region of all inputs. */
export interface InputLayout {
  readonly requests: readonly InferRequest[];
  readonly areas: readonly InputArea[];
  readonly byteSize: number;
}

/** Gives the inputs of distinct requests places, one behind the other. Inputs without data stay in their requests. */
export function layOutInputs(requests: readonly InferRequest[], region: string): InputLayout {
  const areas: InputArea[] = [];
  let end = 0;
  const placed = requests.map((request): InferRequest => {
    const inputs = request.inputs.map((input) => {
      if (input.data.length === 0) return input;
      const offset = end;
      areas.push({ offset, data: input.data });
      end = aligned(offset + input.data.length);
      return {
        ...input,
        data: new Uint8Array(0),
        parameters: new Map([...input.parameters, ...regionParameters(region, offset, input.data.length)]),
      };
    });
    return { ...request, inputs };
  });
  return { requests: placed, areas, byteSize: end };
}

/** Where an output of a request lies in the region of its slot. */
export interface OutputArea {
  readonly name: string;
  readonly offset: number;
  readonly byteSize: number;
}

export interface OutputLayout {
  readonly areas: readonly OutputArea[];
  readonly byteSize: number;
}

export interface OutputSizes {
  readonly batchSize: number;
  /** For an inference, of an output whose size the model does not say. */
  readonly unknownBytes: number;
}

/** Gives all outputs of one request places, one behind the other. */
export function layOutOutputs(outputs: readonly TensorSpec[], { batchSize, unknownBytes }: OutputSizes): OutputLayout {
  let end = 0;
  const areas = outputs.map(({ name, datatype, dims }): OutputArea => {
    const isKnown = dims.every((dim) => dim >= 0);
    const bytes = (isKnown ? rawByteSize(datatype, dims) : undefined) ?? unknownBytes;
    const offset = end;
    end = aligned(offset + bytes * batchSize);
    return { name, offset, byteSize: bytes * batchSize };
  });
  return { areas, byteSize: end };
}

/** The outputs as a request asks for them in a region. */
export const outputsIn = (region: string, { areas }: OutputLayout): RequestedOutput[] =>
  areas.map(({ name, offset, byteSize }) => ({ name, parameters: regionParameters(region, offset, byteSize) }));

const regionParameters = (region: string, offset: number, byteSize: number): Parameters =>
  new Map<string, string | number>([
    ['shared_memory_region', region],
    ['shared_memory_byte_size', byteSize],
    ...(offset === 0 ? [] : [['shared_memory_offset', offset] as const]),
  ]);
