import type { Transport } from '../wire/transport.js';
import type { LoadEvents } from './outcome.js';
import { createRequestSlots, type RequestSlots, type RequestSlotsOptions } from './request-slots.js';
import type { RunningSequences } from './run-sequences.js';

/** The requests behind a load that end its sequences, so that the server has room for those of the next one. */
export interface SequenceEnds extends Pick<RequestSlots, 'settle'> {
  /**
   * Sends one more request for each sequence that has begun and would go on. Resolves when they are answered, or given up.
   *
   * @param givenUp slots of the load that the transport may still answer
   */
  send(transport: Transport, givenUp: readonly number[], drainLimitMs?: number): Promise<void>;
}

/** They belong to no measurement. */
const toldToNobody: LoadEvents = {
  onSent: () => undefined,
  onDropped: () => undefined,
  onOutcome: () => undefined,
};

/** @param options those of the load */
export function createSequenceEnds(sequences: RunningSequences, options: RequestSlotsOptions): SequenceEnds {
  const slots = createRequestSlots({ ...options, events: toldToNobody });
  return {
    settle: slots.settle,
    send: async (transport, givenUp, drainLimitMs) => {
      const taken = new Set(givenUp);
      for (let slot = 0; slot < options.size; slot++) {
        const request = taken.has(slot) ? undefined : sequences.end(slot);
        if (request !== undefined) slots.send(transport, request, slot, undefined);
      }
      await slots.drain(drainLimitMs);
    },
  };
}
