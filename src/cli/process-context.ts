import type { CommandContext } from './command-context.js';
import { type Interrupt, listenForInterrupts } from './interrupt.js';
import { createProgress, type ProgressMode } from './progress/create-progress.js';
import { terminalText } from './progress/terminal-text.js';

/**
 * This process as the context of a command. It listens for signals from when the command first asks for `interrupt`: one that never does,
 * since it only computes, ends at the first Ctrl-C, as programs do.
 */
export async function processContext(mode?: ProgressMode): Promise<CommandContext> {
  const progress = await createProgress(process.stderr, mode);
  let interrupt: Interrupt | undefined;
  return {
    progress,
    get interrupt() {
      interrupt ??= listenForInterrupts(progress.say);
      return interrupt;
    },
    print: (text) => process.stdout.write(process.stdout.isTTY ? terminalText(text) : text),
  };
}
