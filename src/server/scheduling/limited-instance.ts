import type { Clock } from '../../core/clock.js';
import type { ModelInstance } from '../backends/backend.js';
import type { InstanceTurns } from './rate-limiter.js';

/** An instance whose batches wait for their turn; that wait is none of the execution's. */
export const limitedInstance = (instance: ModelInstance, turns: InstanceTurns, clock: Clock): ModelInstance => ({
  name: instance.name,
  graph: instance.graph,
  get recovery() {
    return instance.recovery;
  },
  execute: (batch) =>
    turns.run(async () => {
      const start = clock.now();
      return { ...(await instance.execute(batch)), start };
    }),
  async [Symbol.asyncDispose]() {
    await instance[Symbol.asyncDispose]();
    turns[Symbol.dispose]();
  },
});
