import { type ProgressMode, progressModes } from '../progress/create-progress.js';
import { oneOf } from './parse.js';

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
} as const;

/** As yargs gives them. */
export interface ProgressFlags {
  readonly progress: string;
}

/** @throws PerfError `usage` */
export const progressMode = ({ progress }: ProgressFlags): ProgressMode => oneOf('--progress', progress, progressModes);
