import type { PerfErrorCode } from '../core/perf-error.js';
import type { ServerPorts } from '../server/start-server.js';
import { exitCodes } from './exit-codes.js';

/** What `serve` tells the process that launched it, once. */
export type ServerMessage =
  | { readonly kind: 'ready'; readonly ports: ServerPorts }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly hint?: string | undefined;
      /** Absent when it is a bug of ours. */
      readonly code?: PerfErrorCode | undefined;
    };

/** What `serve` needs of the process it runs in. Disposal takes all listeners back. */
export interface ServeHost extends Disposable {
  /** Prints one line for the operator. */
  readonly say: (line: string) => void;
  /** Resolves when the launching process has it, or when there is none. */
  readonly tell: (message: ServerMessage) => Promise<void>;
  /** Aborted by the first wish to stop. */
  readonly stop: AbortSignal;
  /** Ends the process at once. */
  readonly leave: () => void;
}

/** An orphan waits no longer than this for what is in flight. */
const orphanGraceMs = 5_000;

/**
 * This process as a host. Standalone it stops at SIGINT or SIGTERM, and leaves at once at the second. Launched with
 * an IPC channel it stops at SIGTERM and when the channel closes, that is when its parent ends however it ends, and
 * ignores SIGINT: the terminal's Ctrl-C reaches the whole process group, and the parent decides.
 */
export function processHost(): ServeHost {
  const stopping = new AbortController();
  const isChild = process.send !== undefined;
  const leave = () => process.exit(exitCodes.interrupted);
  const stop = () => (stopping.signal.aborted ? leave() : stopping.abort());
  const onInterrupt = isChild ? () => undefined : stop;
  const onOrphaned = () => {
    stopping.abort();
    setTimeout(leave, orphanGraceMs).unref();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', onInterrupt);
  if (isChild) process.once('disconnect', onOrphaned);
  if (isChild && !process.connected) leave(); // the parent went away while our modules were loaded, and nobody heard it
  return {
    say: (line) => console.error(line),
    tell: (message) => (isChild && process.connected ? sendToParent(message) : Promise.resolve()),
    stop: stopping.signal,
    leave,
    [Symbol.dispose]: () => {
      process.off('SIGTERM', stop);
      process.off('SIGINT', onInterrupt);
      process.off('disconnect', onOrphaned);
      if (process.connected) process.disconnect();
    },
  };
}

/** A parent that went away meanwhile closes the channel, which says the same. */
function sendToParent(message: ServerMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}
