/** What keeps a terminal from being left behind in the state that a screen needs. */
export interface TerminalGuard {
  /** Puts the terminal back. Called however the process ends, except by SIGKILL. */
  readonly restore: () => void;
  /** Draws again: the process was stopped, and goes on. */
  readonly resume: () => void;
}

/**
 * Restores the terminal at the end of the process, before the message of a bug, at Ctrl-\ and at Ctrl-Z. Ctrl-C, SIGTERM and
 * SIGHUP end a run in order, or by `process.exit`. Gives back how to stop guarding.
 */
export function guardTerminal({ restore, resume }: TerminalGuard): () => void {
  const onQuit = (): void => {
    restore();
    process.off('SIGQUIT', onQuit);
    process.kill(process.pid, 'SIGQUIT');
  };
  const onSuspend = (): void => {
    restore();
    process.kill(process.pid, 'SIGSTOP');
  };
  process.on('exit', restore);
  process.on('uncaughtExceptionMonitor', restore);
  process.on('SIGQUIT', onQuit);
  process.on('SIGTSTP', onSuspend);
  process.on('SIGCONT', resume);
  return () => {
    process.off('exit', restore);
    process.off('uncaughtExceptionMonitor', restore);
    process.off('SIGQUIT', onQuit);
    process.off('SIGTSTP', onSuspend);
    process.off('SIGCONT', resume);
  };
}
