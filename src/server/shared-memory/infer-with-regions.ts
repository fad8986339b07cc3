import type { InferInput, InferOutput, InferRequest, Parameters, RequestedOutput } from '../../protocol/infer.js';
import type { InferenceService } from '../inference-service.js';
import { RefusalError } from '../refusal.js';
import { sharedMemoryIsOff } from './shared-memory.js';
import type { RegionPart, SystemMemory } from './system-memory.js';

type Infer = InferenceService['infer'];

const prefix = 'shared_memory_';
const regionKey = `${prefix}region`;

/** Whether a request names shared memory anywhere. */
export const usesRegions = ({ inputs, outputs }: InferRequest): boolean =>
  inputs.some(({ parameters }) => parameters.has(regionKey)) ||
  outputs.some(({ parameters }) => parameters.has(regionKey));

/**
 * Inference whose inputs may lie in shared memory, and whose outputs may be written there; an output that was written
 * there has the region's parameters and no data. What names no region passes through.
 */
export const inferWithRegions =
  (infer: Infer, memory: SystemMemory): Infer =>
  async (request, signal) => {
    if (!usesRegions(request)) return infer(request, signal);
    const parts = outputParts(request.outputs, memory);
    const inputs = request.inputs.map((input) => inputFrom(input, memory));
    const outputs = request.outputs.map(({ name, parameters }) => ({ name, parameters: withoutRegion(parameters) }));
    const response = await infer({ ...request, inputs, outputs }, signal);
    return {
      ...response,
      outputs: response.outputs.map((output) => {
        const part = parts.get(output.name);
        return part === undefined ? output : placed(output, part, memory);
      }),
    };
  };

/** What a server does that was not told to let clients use shared memory. */
export const refuseRegions =
  (infer: Infer): Infer =>
  (request, signal) => {
    if (usesRegions(request)) throw sharedMemoryIsOff();
    return infer(request, signal);
  };

function inputFrom(input: InferInput, memory: SystemMemory): InferInput {
  const part = partOf(`input '${input.name}'`, input.parameters);
  if (part === undefined) return input;
  return { ...input, parameters: withoutRegion(input.parameters), data: memory.read(part) };
}

/** Checked before the model computes for nothing. */
function outputParts(outputs: readonly RequestedOutput[], memory: SystemMemory): Map<string, RegionPart> {
  const parts = new Map<string, RegionPart>();
  for (const { name, parameters } of outputs) {
    const part = partOf(`output '${name}'`, parameters);
    if (part === undefined) continue;
    const other = ['classification', 'binary_data'].find((key) => Boolean(parameters.get(key)));
    if (other !== undefined) {
      throw new RefusalError(
        'invalid-argument',
        `output '${name}' must set only one of the following parameters: 'shared_memory_region', '${other}'`,
      );
    }
    memory.check(part);
    parts.set(name, part);
  }
  return parts;
}

function placed(output: InferOutput, part: RegionPart, memory: SystemMemory): InferOutput {
  const needed = output.data.length;
  if (needed > part.byteSize) {
    throw new RefusalError(
      'internal',
      `shared memory size specified with the request for output '${output.name}' (${part.byteSize} bytes) should be at least ${needed} bytes to hold the results`,
    );
  }
  memory.write(part, output.data);
  return {
    ...output,
    data: new Uint8Array(0),
    parameters: new Map([...output.parameters, [regionKey, part.region]]),
  };
}

function partOf(owner: string, parameters: Parameters): RegionPart | undefined {
  const region = parameters.get(regionKey);
  if (region === undefined) return undefined;
  if (typeof region !== 'string') {
    throw new RefusalError('invalid-argument', `'${regionKey}' of ${owner} must be a string, got ${region}`);
  }
  return {
    region,
    offset: bytesIn(`${prefix}offset`, { owner, parameters, missing: 0 }),
    byteSize: bytesIn(`${prefix}byte_size`, { owner, parameters, missing: undefined }),
  };
}

function bytesIn(
  key: string,
  from: { readonly owner: string; readonly parameters: Parameters; readonly missing: number | undefined },
): number {
  const value = from.parameters.get(key) ?? from.missing;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RefusalError(
    'invalid-argument',
    `'${key}' of ${from.owner} must be a number of bytes, got ${value ?? 'nothing'}`,
  );
}

const withoutRegion = (parameters: Parameters): Parameters =>
  new Map([...parameters].filter(([key]) => !key.startsWith(prefix)));
