import { ns } from '../../src/core/units.js';
import type { Tensor } from '../../src/protocol/tensor.js';
import type { Batch, Execution, ModelInstance } from '../../src/server/backends/backend.js';
import type { RefusalError } from '../../src/server/refusal.js';
import { settled } from './staged-clock.js';

/** An instance that ends a batch when the test says so. */
export interface StagedInstance extends ModelInstance {
  recovery: Promise<void> | undefined;
  /** The batch that runs. */
  readonly batch: Batch | undefined;
  /** The requests of the batch that runs. */
  readonly running: number;
  /** @param outputsOf the outputs of a row; none unless it is given */
  finish(outputsOf?: (row: number) => readonly Tensor[]): Promise<void>;
  fail(refusal: RefusalError): Promise<void>;
}

export function stagedInstance(name: string): StagedInstance {
  let batch: Batch | undefined;
  let resolve: (execution: Execution) => void = () => undefined;
  let reject: (refusal: RefusalError) => void = () => undefined;
  return {
    name,
    graph: { inputs: [], outputs: [] },
    recovery: undefined,
    get batch() {
      return batch;
    },
    get running() {
      return batch?.requests.length ?? 0;
    },
    execute: (next) =>
      new Promise((onDone, onFailed) => {
        batch = next;
        resolve = onDone;
        reject = onFailed;
      }),
    async finish(outputsOf = () => []) {
      const outputs = batch?.requests.map((_, row) => outputsOf(row)) ?? [];
      batch = undefined;
      resolve({ computeStart: ns(0), computeEnd: ns(0), outputs });
      await settled();
    },
    async fail(refusal) {
      batch = undefined;
      reject(refusal);
      await settled();
    },
    async [Symbol.asyncDispose]() {},
  };
}
