import { messageOf } from '../../../core/perf-error.js';
import { kindOf, rawOutput } from './raw-output.js';
import type { BindMessage, PartialResult, RawTensor, RunRequest, RunResult } from './worker-messages.js';

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

/** One that is not as it should be fails its request alone. */
function resultOf(response: unknown, { batchSize }: RunRequest, binding: BindMessage): RunResult {
  try {
    const error = errorOf(response);
    if (error !== undefined) return { ok: false, message: error };
    if (asksForMore(response, binding)) {
      return { ok: true, outputs: stateOutputsOf(response, { batchSize }, binding), isRescheduled: true };
    }
    const outputs = outputsOf(response, binding, batchSize);
    const missing = outputs.indexOf(undefined);
    if (missing >= 0) throw new Error(`the response lacks output '${binding.outputs[missing]?.name}'`);
    return { ok: true, outputs, isRescheduled: false };
  } catch (thrown) {
    return { ok: false, message: messageOf(thrown) };
  }
}

/** Whether the request is to run once more, in a later batch. @throws Error when its model cannot ask for that */
function asksForMore(response: unknown, binding: BindMessage): boolean {
  const isAsking =
    typeof response === 'object' && response !== null && 'reschedule' in response && response.reschedule === true;
  if (isAsking) checkIterative(binding);
  return isAsking;
}

/** @throws Error when requests to the model run once */
export function checkIterative({ isIterative }: BindMessage): void {
  if (isIterative) return;
  throw new Error('Cannot reschedule: expected sequence_batching { iterative_sequence: true } in the configuration');
}

/**
 * What a request that runs again leaves for its next run: any of the model's outputs, or none.
 *
 * @throws Error in one line when it is not as it should be
 */
export const stateOutputsOf = (
  step: unknown,
  { batchSize }: Pick<RunRequest, 'batchSize'>,
  binding: BindMessage,
): (RawTensor | undefined)[] =>
  outputsOf(typeof step === 'object' ? { outputs: {}, ...step } : step, binding, batchSize);

/**
 * What one response of a decoupled model says.
 *
 * @throws Error in one line when it is not as it should be
 */
export function partialResultOf(response: unknown, { batchSize }: RunRequest, binding: BindMessage): PartialResult {
  const error = errorOf(response);
  return error === undefined
    ? { ok: true, outputs: outputsOf(response, binding, batchSize) }
    : { ok: false, message: error };
}

/** A response that is an error, or has one. */
function errorOf(response: unknown): string | undefined {
  if (response instanceof Error) return response.message;
  const error = typeof response === 'object' && response !== null && 'error' in response ? response.error : undefined;
  return error === undefined ? undefined : messageOf(error);
}

function outputsOf(
  response: unknown,
  { isBatching, outputs }: BindMessage,
  batchSize: number,
): (RawTensor | undefined)[] {
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
    return value === undefined
      ? undefined
      : rawOutput(value, output, { batchSize: isBatching ? batchSize : undefined });
  });
}
