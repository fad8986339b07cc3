import { eventProgress } from './event-progress.js';
import { linesProgress } from './lines-progress.js';
import type { Progress } from './progress.js';
import { openTerminal } from './terminal-file.js';

/** How progress is shown: `tty` where standard error is a terminal, lines otherwise. */
export const progressModes = ['tty', 'lines', 'json', 'none'] as const;

export type ProgressMode = (typeof progressModes)[number];

/** Only what draws on a terminal loads the packages for that. */
export async function createProgress(
  stream: NodeJS.WriteStream & { readonly fd?: number },
  mode: ProgressMode = 'tty',
): Promise<Progress> {
  switch (mode) {
    case 'tty':
      return stream.isTTY === true && process.env['TERM'] !== 'dumb' ? onTerminal(stream) : linesProgress(stream);
    case 'lines':
      return linesProgress(stream);
    case 'json':
      return eventProgress((event) => stream.write(`${JSON.stringify(event)}\n`));
    case 'none':
      return eventProgress(() => undefined);
  }
}

async function onTerminal(stream: NodeJS.WriteStream & { readonly fd?: number }): Promise<Progress> {
  const { dashboard } = await import('./dashboard.js');
  return dashboard(stream, openTerminal(stream.fd ?? 2));
}
