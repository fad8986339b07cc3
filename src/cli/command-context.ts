import type { Interrupt } from './interrupt.js';
import type { Progress } from './progress/progress.js';

/** What a command gets from `main`: the outside world, so that nothing else reaches for it. */
export interface CommandContext {
  readonly progress: Progress;
  readonly interrupt: Interrupt;
  /** Writes the report, and nothing else, to standard output. */
  readonly print: (text: string) => void;
}
