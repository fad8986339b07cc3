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
  /** Batches that it has, with the one that runs. */
  readonly handed: number;
  /** The requests of the batch that runs. */
  readonly running: number;
  /**
   * @param outputsOf the outputs of a row; none unless it is given
   * @param computeEnd nanoseconds; the computation began at 0
   */
  finish(outputsOf?: (row: number) => readonly Tensor[], computeEnd?: number): Promise<void>;
  fail(refusal: RefusalError): Promise<void>;
}

interface Handed {
  readonly batch: Batch;
  resolve(execution: Execution): void;
  reject(refusal: RefusalError): void;
}

export function stagedInstance(name: string, { takesAhead = false } = {}): StagedInstance {
  const handed: Handed[] = [];
  return {
    name,
    takesAhead,
    graph: { inputs: [], outputs: [] },
    recovery: undefined,
    get batch() {
      return handed[0]?.batch;
    },
    get handed() {
      return handed.length;
    },
    get running() {
      return handed[0]?.batch.requests.length ?? 0;
    },
    execute: (batch) => new Promise((resolve, reject) => void handed.push({ batch, resolve, reject })),
    async finish(outputsOf = () => [], computeEnd = 0) {
      const done = handed.shift();
      const outputs = done?.batch.requests.map((_, row) => outputsOf(row)) ?? [];
      done?.resolve({ computeStart: ns(0), computeEnd: ns(computeEnd), outputs });
      await settled();
    },
    async fail(refusal) {
      handed.shift()?.reject(refusal);
      await settled();
    },
    async [Symbol.asyncDispose]() {},
  };
}
