import type { InputSpec, ModelSignature, TensorSpec } from '../../../analyzer/data/model-signature.js';
import type { Datatype } from '../../../src/protocol/datatype.js';

/** An input that must be given. */
export const input = (name: string, datatype: Datatype, dims: readonly number[]): InputSpec => ({
  name,
  datatype,
  dims,
  isOptional: false,
  isShapeTensor: false,
});

/** A signature of model `m`, which batches unless told otherwise. */
export const signatureOf = (
  inputs: readonly InputSpec[],
  options: { readonly outputs?: readonly TensorSpec[]; readonly isBatching?: boolean } = {},
): ModelSignature => ({
  modelName: 'm',
  modelVersion: '',
  isBatching: options.isBatching ?? true,
  inputs,
  outputs: options.outputs ?? [],
});
