import type { LoadSettings } from '../../core/load.js';
import { PerfError } from '../../core/perf-error.js';
import type { Protocol } from '../connect.js';
import { badFlag, parseInteger } from './parse.js';

const choice = { type: 'boolean', default: false, group: 'Load:' } as const;

/** The flags with which perf_analyzer chooses between its engines. There is one here. */
export const engineFlags = {
  a: { ...choice, alias: 'async', describe: 'Accepted; requests are always kept in flight without a thread for each' },
  sync: { ...choice, describe: 'Accepted, as --async' },
  streaming: {
    ...choice,
    describe: 'Send requests in streams (ModelStreamInfer), over gRPC; decoupled models need it',
  },
  'max-threads': {
    type: 'string',
    requiresArg: true,
    defaultDescription: '1',
    describe: 'Threads that send, at most; more than one when one core of the client is not enough',
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
export function engineNotes({ a, sync, streaming }: EngineFlags, protocol: Protocol): string[] {
  if (a && sync) throw new PerfError('usage', 'Cannot use --async with --sync: expected one of them, got both');
  if (streaming && protocol !== 'grpc') {
    throw new PerfError('usage', `Cannot use --streaming over ${protocol}: expected -i grpc, got -i ${protocol}`, {
      hint: 'The protocol has streams of requests over gRPC only.',
    });
  }
  if (streaming && sync) {
    throw new PerfError('usage', 'Cannot use --sync with --streaming: expected one of them, got both');
  }
  const [flag] = [...(a ? ['--async'] : []), ...(sync ? ['--sync'] : [])];
  if (flag === undefined) return [];
  return [`Note: ${flag} changes nothing; requests are kept in flight without a thread for each.`];
}

/** More threads than this are more than any machine needs to keep a server busy. */
const largestMaxThreads = 64;

/** @throws PerfError `usage` for a value that is not understood, and for a load that only one thread can hold */
export function parseMaxThreads({ maxThreads }: EngineFlags, load: LoadSettings): number {
  const threads = parseInteger('--max-threads', maxThreads ?? '1', 1);
  if (threads > largestMaxThreads)
    throw badFlag('--max-threads', `an integer up to ${largestMaxThreads}`, String(threads));
  if (threads > 1 && load.kind === 'periodic-concurrency') {
    throw new PerfError(
      'usage',
      `Cannot use --max-threads with --periodic-concurrency-range: expected 1, got ${threads}`,
      { hint: 'Such a load grows with the answers to all of its requests, which only one thread sees.' },
    );
  }
  return threads;
}
