import { PerfError } from '../../src/core/perf-error.js';
import { type InferInput, type InferRequest, noParameters } from '../../src/protocol/infer.js';
import type { ModelSignature, TensorSpec } from './model-signature.js';

/** A tensor of one inference, without the batch dimension; `data` in raw form. */
export interface StepTensor {
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

export type StepTensors = ReadonlyMap<string, StepTensor>;

/** What one inference is given, and what it must answer. */
export interface Step {
  /** For messages: where it comes from. */
  readonly label: string;
  /** Which data stream it is of, counted through all files from 0; made data is one stream. */
  readonly stream: number;
  readonly inputs: StepTensors;
  /** Outputs that are compared with the answer; empty = none. */
  readonly expected: StepTensors;
}

/** What an output must hold; `data` in raw form. */
export interface ExpectedOutput extends Omit<TensorSpec, 'dims'> {
  readonly data: Uint8Array;
}

/** A request as it is sent again and again. */
export interface PreparedRequest {
  /** The data stream of its first step. */
  readonly stream: number;
  readonly request: InferRequest;
  /** Empty when its answer is not compared with anything. */
  readonly expected: readonly ExpectedOutput[];
}

/**
 * One request for a batch: the steps' tensors one behind the other.
 *
 * @throws PerfError `file` when the steps differ in the shape of an input, or only some have it
 */
export function assembleRequest(steps: readonly Step[], signature: ModelSignature): PreparedRequest {
  const { modelName, modelVersion, isBatching, inputs, outputs } = signature;
  const stacked = inputs.flatMap(({ name, datatype }): InferInput[] => {
    const tensor = stack(steps, name, 'inputs');
    if (tensor === undefined) return [];
    const shape = isBatching ? [steps.length, ...tensor.dims] : tensor.dims;
    return [{ name, datatype, shape, data: tensor.data, parameters: noParameters }];
  });
  const expected = outputs.flatMap(({ name, datatype }): ExpectedOutput[] => {
    const tensor = stack(steps, name, 'expected');
    return tensor === undefined ? [] : [{ name, datatype, data: tensor.data }];
  });
  return {
    stream: steps[0]?.stream ?? 0,
    request: { modelName, modelVersion, id: '', parameters: noParameters, inputs: stacked, outputs: [] },
    expected,
  };
}

/** How many requests each data stream has; they lie one behind the other. */
export function streamLengths(prepared: readonly PreparedRequest[]): number[] {
  const lengths: number[] = [];
  for (const { stream } of prepared) lengths[stream] = (lengths[stream] ?? 0) + 1;
  return lengths;
}

/** How many bytes of data a request carries. */
export const dataBytes = ({ request }: PreparedRequest): number =>
  request.inputs.reduce((sum, { data }) => sum + data.length, 0);

function stack(steps: readonly Step[], name: string, member: 'inputs' | 'expected'): StepTensor | undefined {
  const [first] = steps;
  const model = first?.[member].get(name);
  const parts = steps.map((step) => {
    const part = step[member].get(name);
    const isMissing = part === undefined;
    const isAlike = isMissing === (model === undefined) && (isMissing || String(part.dims) === String(model?.dims));
    if (!isAlike) throw notAlike(name, [first?.label ?? '', model], [step.label, part]);
    return part?.data ?? new Uint8Array(0);
  });
  if (model === undefined) return undefined;
  return { dims: model.dims, data: parts.length === 1 ? model.data : Buffer.concat(parts) };
}

type Labelled = readonly [label: string, tensor: StepTensor | undefined];

function notAlike(name: string, [firstLabel, first]: Labelled, [label, tensor]: Labelled): PerfError {
  const shown = (part: StepTensor | undefined): string => (part === undefined ? 'none' : `[${part.dims}]`);
  return new PerfError(
    'file',
    `Cannot put ${firstLabel} and ${label} into one batch: expected the same shape of '${name}', got ${shown(first)} and ${shown(tensor)}`,
  );
}
