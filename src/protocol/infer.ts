import type { Tensor } from './tensor.js';

/** A value of the `parameters` extension; an integer beyond 2^53 is a `bigint`, so that it keeps all its digits. */
export type ParameterValue = string | number | boolean | bigint;
export const isParameterValue = (value: unknown): value is ParameterValue =>
  ['string', 'number', 'boolean', 'bigint'].includes(typeof value);

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

/** The outputs that a request wants in shared memory: they come back without data. */
export const sharedOutputs = ({ outputs }: InferRequest): ReadonlySet<string> =>
  new Set(outputs.filter(({ parameters }) => parameters.has('shared_memory_region')).map(({ name }) => name));

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
