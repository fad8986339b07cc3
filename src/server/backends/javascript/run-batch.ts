import { messageOf } from '../../../core/perf-error.js';
import { modelTensor } from './model-tensor.js';
import { kindOf, rawOutput } from './raw-output.js';
import type { BindMessage, RawTensor, RunRequest, RunResult } from './worker-messages.js';

/** A request as a model sees it: the first argument of `execute` is a list of these. */
export interface ModelRequest {
  readonly id: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Rows; 1 for a model without batch dimension. */
  readonly batchSize: number;
  /** By name. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

export function modelRequest({ id, parameters, batchSize, inputs }: RunRequest, { inputs: bound }: BindMessage) {
  const byName: Record<string, unknown> = Object.create(null);
  bound.forEach((tensor, index) => {
    const input = inputs[index];
    if (input !== undefined) byName[tensor.name] = modelTensor(tensor, input);
  });
  const request: ModelRequest = { id, parameters: Object.fromEntries(parameters), batchSize, inputs: byName };
  return request;
}

/**
 * What the requests got of what `execute` returned.
 *
 * @throws Error in one line unless it is one response for each request
 */
export function resultsOf(returned: unknown, requests: readonly RunRequest[], binding: BindMessage): RunResult[] {
  if (!Array.isArray(returned) || returned.length !== requests.length) {
    const got = Array.isArray(returned) ? `${returned.length} responses` : kindOf(returned);
    throw new Error(`execute must return a list with one response for each of ${requests.length} requests, got ${got}`);
  }
  return requests.map((request, index) => resultOf(returned[index], request, binding));
}

/** What one response says; one that is not as it should be fails its request alone. */
export function resultOf(response: unknown, { batchSize }: RunRequest, binding: BindMessage): RunResult {
  try {
    const error = errorOf(response);
    if (error !== undefined) return { ok: false, message: error };
    return { ok: true, outputs: outputsOf(response, binding, batchSize) };
  } catch (thrown) {
    return { ok: false, message: messageOf(thrown) };
  }
}

/** A response that is an error, or has one. */
function errorOf(response: unknown): string | undefined {
  if (response instanceof Error) return response.message;
  const error = typeof response === 'object' && response !== null && 'error' in response ? response.error : undefined;
  return error === undefined ? undefined : messageOf(error);
}

function outputsOf(response: unknown, { isBatching, outputs }: BindMessage, batchSize: number): RawTensor[] {
  const given =
    typeof response === 'object' && response !== null && 'outputs' in response ? response.outputs : undefined;
  if (typeof given !== 'object' || given === null) {
    throw new Error(`a response must be { outputs: { NAME: ... } } or { error }, got ${kindOf(response)}`);
  }
  const byName = new Map<string, unknown>(Object.entries(given));
  for (const name of byName.keys()) {
    if (outputs.every((output) => output.name !== name)) throw new Error(`the model has no output '${name}'`);
  }
  return outputs.map((output) => {
    const value = byName.get(output.name);
    if (value === undefined) throw new Error(`the response lacks output '${output.name}'`);
    return rawOutput(value, output, { batchSize: isBatching ? batchSize : undefined });
  });
}
