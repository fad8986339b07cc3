import type { Datatype } from '../../src/protocol/datatype.js';
import type { ModelMetadata, TensorMetadata } from '../../src/protocol/metadata.js';
import type { ModelConfig } from '../../src/protocol/model-config.js';

/** An input or output of a model. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  /** Without the batch dimension; -1 = variable. */
  readonly dims: readonly number[];
}

export interface InputSpec extends TensorSpec {
  readonly isOptional: boolean;
  /** Its values say what another tensor's shape is, so they cannot be made up. */
  readonly isShapeTensor: boolean;
}

/** What requests to a model look like. */
export interface ModelSignature {
  readonly modelName: string;
  /** As it is asked for; empty = the server's choice. */
  readonly modelVersion: string;
  readonly isBatching: boolean;
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly TensorSpec[];
}

export interface SignatureOptions {
  readonly modelName: string;
  readonly modelVersion: string;
  /** Absent when the server has none to show: then nothing is optional. */
  readonly config: ModelConfig | undefined;
}

/** The signature of a model from what its server says of it. */
export function modelSignature(
  metadata: ModelMetadata,
  { modelName, modelVersion, config }: SignatureOptions,
): ModelSignature {
  const isBatching = (config?.max_batch_size ?? 0) > 0;
  const specOf = ({ name, datatype, shape }: TensorMetadata): TensorSpec => ({
    name,
    datatype,
    dims: isBatching ? shape.slice(1) : shape,
  });
  return {
    modelName,
    modelVersion,
    isBatching,
    inputs: metadata.inputs.map((input) => {
      const configured = config?.input?.find(({ name }) => name === input.name);
      return {
        ...specOf(input),
        isOptional: configured?.optional === true,
        isShapeTensor: configured?.is_shape_tensor === true,
      };
    }),
    outputs: metadata.outputs.map(specOf),
  };
}

/** Whether a shape without the batch dimension is one that the model takes. */
export const fits = (shape: readonly number[], dims: readonly number[]): boolean =>
  shape.length === dims.length && dims.every((dim, index) => dim < 0 || dim === shape[index]);
