import type { InputSpec, ModelSignature, TensorSpec } from '../../../analyzer/data/model-signature.js';
import { PerfError } from '../../core/perf-error.js';
import type { Session } from '../../precision/runtime/open-session.js';
import type { SentTensors, SessionValue } from '../../precision/runtime/session-messages.js';
import type { InferInput } from '../../protocol/infer.js';
import { datatypeOf, ortTypeOf, toOrtData } from '../../server/backends/onnxruntime/element-types.js';
import type { LocatedModel } from './locate-model.js';

/**
 * What requests to the model look like: as its configuration says, or else batching if the first dimension of all its inputs
 * and outputs varies.
 *
 * @throws PerfError `model` for inputs or outputs that requests cannot have
 */
export function signatureOf(
  { name, config }: LocatedModel,
  session: Pick<Session, 'inputs' | 'outputs'>,
): ModelSignature {
  const all = [...session.inputs, ...session.outputs];
  const canBatch = all.every(({ dims }) => dims.length > 0 && dims[0] === undefined);
  const parsed = config?.parsed;
  const isComplete = parsed !== undefined && parsed.input.length > 0 && parsed.output.length > 0;
  const isBatching = canBatch && (!isComplete || parsed.max_batch_size > 0);
  const specOf = (value: SessionValue): TensorSpec => {
    const dims = value.dims.map((dim) => dim ?? -1);
    return { name: value.name, datatype: knownDatatype(value), dims: isBatching ? dims.slice(1) : dims };
  };
  return {
    modelName: name,
    modelVersion: '',
    isBatching,
    inputs: session.inputs.map((value): InputSpec => ({ ...specOf(value), isOptional: false, isShapeTensor: false })),
    outputs: session.outputs.map(specOf),
  };
}

function knownDatatype({ name, type }: SessionValue) {
  try {
    return datatypeOf(type ?? 'something that is no tensor');
  } catch (cause) {
    throw new PerfError(
      'model',
      `Cannot make variants: expected tensors of the protocol's types, got '${name}', ${type ?? 'which is no tensor'}`,
      { cause },
    );
  }
}

/** The inputs of a request as ONNX Runtime takes them. */
export function feedsOf(inputs: readonly InferInput[]): SentTensors {
  const tensors = inputs.map(({ name, datatype, shape, data }) => {
    const type = ortTypeOf(datatype);
    const { buffer } = new Uint8Array(data); // in memory of its own, where elements of 8 bytes are aligned
    const raw = { buffer, byteOffset: 0, byteLength: data.length };
    return [name, { type, dims: shape, data: toOrtData(type, raw) }] as const;
  });
  return Object.fromEntries(tensors);
}
