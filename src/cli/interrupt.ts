import { exitCodes } from './exit-codes.js';

/** The user's wish to stop, and what must be ended at once when the wish is repeated. */
export interface Interrupt {
  /** Aborted by the first SIGINT or SIGTERM; its reason is `interrupted`. */
  readonly signal: AbortSignal;
  /** Registers something that must not outlive us; returns how to take it back. */
  onAbandon(end: () => void): () => void;
}

/**
 * Listens for SIGINT, SIGTERM and SIGHUP. Once: stop sending, finish what is in flight, write, exit 130. Twice: end what
 * we started and leave at once.
 */
export function listenForInterrupts(say: (line: string) => void): Interrupt {
  const controller = new AbortController();
  const abandoned = new Set<() => void>();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      for (const end of abandoned) end();
      process.exit(exitCodes.interrupted);
    }
    say('Interrupted: waiting for what is in flight. Press Ctrl-C again to leave at once.');
    controller.abort('interrupted');
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  return {
    signal: controller.signal,
    onAbandon: (end) => {
      abandoned.add(end);
      return () => abandoned.delete(end);
    },
  };
}
