import type { Tensor } from './tensor.js';

/** A value of the `parameters` extension. */
export type ParameterValue = string | number | boolean;
/** Parameters by name: a `Map`, because the names come from the network. */
export type Parameters = ReadonlyMap<string, ParameterValue>;

export const noParameters: Parameters = new Map();

export interface InferInput extends Tensor {
  readonly parameters: Parameters;
}

export interface RequestedOutput {
  readonly name: string;
  readonly parameters: Parameters;
}

/** An inference request, free of how it travelled. */
export interface InferRequest {
  readonly modelName: string;
  /** Decimal; empty = the server's choice. */
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: Parameters;
  readonly inputs: readonly InferInput[];
  /** Empty = all outputs of the model. */
  readonly outputs: readonly RequestedOutput[];
}

export interface InferOutput extends Tensor {
  readonly parameters: Parameters;
}

/** An inference response, free of how it travels. */
export interface InferResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: Parameters;
  readonly outputs: readonly InferOutput[];
}
