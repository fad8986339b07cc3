import type { RequestCounts } from '../../src/core/run.js';
import type { LoadEvents } from '../load/outcome.js';

/** Counts where the requests of a level go, windows or not. */
export interface RequestCounter extends LoadEvents {
  /** @param inFlight how many are outstanding at this moment, as the load says; unless given, what was sent and has no outcome */
  counts(inFlight?: number): RequestCounts;
}

export function createRequestCounter(): RequestCounter {
  let sent = 0;
  let dropped = 0;
  let ok = 0;
  let failed = 0;
  return {
    onSent: () => {
      sent++;
    },
    onDropped: () => {
      dropped++;
    },
    onOutcome: ({ failure }) => {
      if (failure === undefined) ok++;
      else failed++;
    },
    counts: (inFlight = sent - ok - failed) => ({ intended: sent + dropped, sent, dropped, ok, failed, inFlight }),
  };
}
