import { type ProgressMode, progressModes } from '../progress/create-progress.js';
import { badFlag, oneOf, parseInteger } from './parse.js';

/** How commands that measure say how far they are. */
export const progressFlags = {
  progress: {
    type: 'string',
    requiresArg: true,
    default: 'tty',
    defaultDescription: 'tty on a terminal, else lines',
    describe: 'What standard error shows: tty (the whole terminal), lines, json (an event a line) or none',
    group: 'Reports:',
  },
  ui: {
    type: 'boolean',
    default: false,
    describe: 'Serve a page on 127.0.0.1 that shows the run while it goes on',
    group: 'Reports:',
  },
  'ui-port': {
    type: 'string',
    requiresArg: true,
    defaultDescription: 'any free one',
    describe: 'The port of that page; serves it',
    group: 'Reports:',
  },
} as const;

/** As yargs gives them. */
export interface ProgressFlags {
  readonly progress: string;
  readonly ui: boolean;
  readonly uiPort: string | undefined;
}

/** @throws PerfError `usage` */
export const progressMode = ({ progress }: Pick<ProgressFlags, 'progress'>): ProgressMode =>
  oneOf('--progress', progress, progressModes);

/** The port of the live page, 0 = any free one; absent: no page. @throws PerfError `usage` */
export function uiPort({ ui, uiPort: port }: Pick<ProgressFlags, 'ui' | 'uiPort'>): number | undefined {
  if (port === undefined) return ui ? 0 : undefined;
  const number = parseInteger('--ui-port', port, 0);
  if (number > 65_535) throw badFlag('--ui-port', 'a port up to 65535', port);
  return number;
}
