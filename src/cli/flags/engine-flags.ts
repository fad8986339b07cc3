import { PerfError } from '../../core/perf-error.js';
import type { Protocol } from '../choose-server.js';
import { parseInteger } from './parse.js';

const choice = { type: 'boolean', default: false, group: 'Load:' } as const;

/** The flags with which perf_analyzer chooses between its engines. There is one here. */
export const engineFlags = {
  a: { ...choice, alias: 'async', describe: 'Accepted; requests are always kept in flight without a thread for each' },
  sync: { ...choice, describe: 'Accepted, as --async' },
  streaming: { ...choice, describe: 'Refused: requests travel as unary calls' },
  'max-threads': {
    type: 'string',
    requiresArg: true,
    describe: 'Accepted; one thread sends everything',
    group: 'Load:',
  },
} as const;

export interface EngineFlags {
  readonly a: boolean;
  readonly sync: boolean;
  readonly streaming: boolean;
  readonly maxThreads: string | undefined;
}

/**
 * What to tell about flags that change nothing.
 *
 * @throws PerfError `usage` when they contradict each other, or ask for what there is not
 */
export function engineNotes({ a, sync, streaming, maxThreads }: EngineFlags, protocol: Protocol): string[] {
  if (a && sync) throw new PerfError('usage', 'Cannot use --async with --sync: expected one of them, got both');
  if (streaming) {
    throw new PerfError(
      'usage',
      `Cannot use --streaming over ${protocol}: expected unary calls, got a wish for streams`,
      {
        hint: 'Leave it out: models that answer each request once are measured over unary calls.',
      },
    );
  }
  if (maxThreads !== undefined) parseInteger('--max-threads', maxThreads, 1);
  const [flag] = [
    ...(a ? ['--async'] : []),
    ...(sync ? ['--sync'] : []),
    ...(maxThreads === undefined ? [] : ['--max-threads']),
  ];
  if (flag === undefined) return [];
  return [`Note: ${flag} changes nothing; one thread keeps all requests in flight.`];
}
