import type { ChildProcess } from 'node:child_process';

/** Processes that end with this one, however it ends: not even one that never returns is left behind. */
export class RunningProcesses {
  readonly #running = new Set<ChildProcess>();
  readonly #killAll = (): void => {
    for (const child of this.#running) child.kill('SIGKILL');
  };

  /** Watches a process until it has ended. */
  add(child: ChildProcess): void {
    if (this.#running.size === 0) process.on('exit', this.#killAll);
    this.#running.add(child);
    child.once('exit', () => {
      this.#running.delete(child);
      if (this.#running.size === 0) process.off('exit', this.#killAll);
    });
  }
}
