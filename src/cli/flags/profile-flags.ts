import { PerfError } from '../../core/perf-error.js';
import { oneOf } from './parse.js';

const text = { type: 'string', requiresArg: true, group: 'Reports:' } as const;

/** The flags about the file that has every request. */
export const profileFlags = {
  'profile-export-file': { ...text, describe: "Write every request, its times and tensors, as perf_analyzer's JSON" },
  'export-tensors': {
    ...text,
    defaultDescription: 'small',
    describe: 'Inputs and outputs in --profile-export-file: small (requests and answers up to 1 KiB), all or none',
  },
} as const;

export interface ProfileFlags {
  readonly profileExportFile: string | undefined;
  readonly exportTensors: string | undefined;
}

/** Where every request is written, and what of it. */
export interface ProfileSettings {
  readonly file: string;
  /** The inputs of a request, and answers, that have more bytes are left out; absent: no tensors are written. */
  readonly tensorLimitBytes: number | undefined;
}

/** The time that larger ones take to be written as text, more than 15 us, would be seen in the measurement. */
const smallBytes = 1024;

/** @throws PerfError `usage` */
export function profileSettings({ profileExportFile: file, exportTensors }: ProfileFlags): ProfileSettings | undefined {
  const tensors = oneOf('--export-tensors', exportTensors ?? 'small', ['small', 'all', 'none']);
  if (file !== undefined) return { file, tensorLimitBytes: limitOf[tensors] };
  if (exportTensors === undefined) return undefined;
  throw new PerfError('usage', 'Cannot use --export-tensors alone: expected --profile-export-file with it, got none');
}

const limitOf = { small: smallBytes, all: Number.POSITIVE_INFINITY, none: undefined } as const;
