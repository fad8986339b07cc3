import type { Interrupt } from './interrupt.js';
import type { ProgressMode } from './progress/create-progress.js';
import type { Progress } from './progress/progress.js';

/** What a command gets from `main`: the outside world, so that nothing else reaches for it. */
export interface CommandContext {
  readonly progress: Progress;
  readonly interrupt: Interrupt;
  /** Writes the report, and nothing else, to standard output. */
  readonly print: (text: string) => void;
}

/** Makes the context of the command that runs. Without a mode, progress is shown as suits the terminal. */
export type CreateContext = (progress?: ProgressMode) => Promise<CommandContext>;
