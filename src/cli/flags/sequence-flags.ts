import type { LoadSettings } from '../../core/load.js';
import { isOpenLoop } from '../../core/load-name.js';
import { PerfError } from '../../core/perf-error.js';
import type { RunSettings, SequenceSettings } from '../../core/run-settings.js';
import { badFlag, largestConcurrency, parseInteger, parseNumber } from './parse.js';

const text = { type: 'string', requiresArg: true, group: 'Sequences:' } as const;

const defaults = { concurrent: 4, length: 20, variationPercent: 20, firstId: 1, idCount: 2 ** 32 - 1 } as const;

/** The flags about sequences. Models with `sequence_batching` get sequences without them. */
export const sequenceFlags = {
  'num-of-sequences': {
    ...text,
    defaultDescription: String(defaults.concurrent),
    describe: 'Open loop: sequences that share the rate; a closed loop has one for each request in flight',
  },
  'sequence-length': {
    ...text,
    defaultDescription: `${defaults.length}; of a data file, the steps of its stream`,
    describe: 'Requests in a sequence, on average',
  },
  'sequence-length-variation': {
    ...text,
    defaultDescription: String(defaults.variationPercent),
    describe: 'How far a length may lie from --sequence-length, in %',
  },
  'sequence-id-range': {
    ...text,
    defaultDescription: `${defaults.firstId}:2^32`,
    describe: 'Correlation ids, start[:end], from start up to but not including end',
  },
  'serial-sequences': {
    type: 'boolean',
    default: false,
    group: 'Sequences:',
    describe: 'Open loop: at most one request of a sequence is in flight, as always in a closed one',
  },
} as const;

export interface SequenceFlags {
  readonly numOfSequences: string | undefined;
  readonly sequenceLength: string | undefined;
  readonly sequenceLengthVariation: string | undefined;
  readonly sequenceIdRange: string | undefined;
  readonly serialSequences: boolean;
}

/** Sequences as they are for a model that has them. */
export interface SequenceWish {
  readonly settings: SequenceSettings;
  /** The user said something about them, so that any model gets them. */
  readonly isAsked: boolean;
}

/** @throws PerfError `usage` */
export function sequenceSettings(flags: SequenceFlags, source: RunSettings['data']['source']): SequenceWish {
  const { numOfSequences, sequenceLength, sequenceLengthVariation, sequenceIdRange, serialSequences } = flags;
  const length = sequenceLength === undefined ? undefined : parseInteger('--sequence-length', sequenceLength, 1);
  const settings: SequenceSettings = {
    concurrent: parseInteger('--num-of-sequences', numOfSequences ?? String(defaults.concurrent), 1),
    ...(length === undefined && source === 'files' ? {} : { length: length ?? defaults.length }),
    lengthVariationPercent: parseNumber(
      '--sequence-length-variation',
      sequenceLengthVariation ?? String(defaults.variationPercent),
      0,
    ),
    ...parseIdRange('--sequence-id-range', sequenceIdRange),
    isSerial: serialSequences,
  };
  const given = [numOfSequences, sequenceLength, sequenceLengthVariation, sequenceIdRange];
  return { settings, isAsked: serialSequences || given.some((value) => value !== undefined) };
}

/**
 * What cannot be done with sequences.
 *
 * @throws PerfError `usage`
 */
export function checkSequences(
  { concurrent, idCount }: SequenceSettings,
  { load, batchSize, wire }: Pick<RunSettings, 'load' | 'batchSize' | 'wire'>,
): void {
  const refuse = (what: string, expected: string, got: string | number): PerfError =>
    new PerfError('usage', `Cannot use ${what} with sequences: expected ${expected}, got ${got}`);
  if (batchSize > 1) throw refuse('-b', '1, a step of one sequence in each request', batchSize);
  if (wire.compression !== 'none') {
    throw refuse(
      'compression',
      'none, since every request differs and would be compressed while it is due',
      wire.compression,
    );
  }
  if (load.kind === 'fixed-schedule')
    throw refuse('--fixed-schedule', '--request-intervals or a request rate', 'a time for each step');
  const marked = Object.keys(wire.requestParameters).find((name) => /^sequence_(id|start|end)$/.test(name));
  if (marked !== undefined) throw refuse('--request-parameter', 'a parameter that no sequence has', marked);
  if ('maxInFlight' in load && concurrent > load.maxInFlight) {
    throw refuse('--num-of-sequences', `at most --max-in-flight ${load.maxInFlight}`, concurrent);
  }
  const largest = largestAtATime(load, concurrent);
  if (idCount < largest)
    throw refuse('--sequence-id-range', `at least ${largest} ids, one for each at a time`, idCount);
}

function largestAtATime(load: LoadSettings, concurrent: number): number {
  if ('maxInFlight' in load) return concurrent;
  if (load.kind === 'periodic-concurrency') return load.end;
  const { start, end } = load.range;
  return end === 0 ? largestConcurrency : Math.max(start, end);
}

/** What to tell about flags that change nothing. */
export function sequenceNotes(
  flags: SequenceFlags,
  load: LoadSettings,
  source: RunSettings['data']['source'],
): string[] {
  const notes: string[] = [];
  if (!isOpenLoop(load) && flags.numOfSequences !== undefined) {
    notes.push(
      'Note: --num-of-sequences changes nothing in a closed loop; each request in flight is a sequence of its own.',
    );
  }
  if (source === 'files' && flags.sequenceLengthVariation !== undefined && flags.sequenceLength === undefined) {
    notes.push(
      'Note: --sequence-length-variation changes nothing without --sequence-length; sequences are as long as their data streams.',
    );
  }
  return notes;
}

function parseIdRange(flag: string, range: string | undefined): Pick<SequenceSettings, 'firstId' | 'idCount'> {
  const { firstId, idCount } = defaults;
  if (range === undefined) return { firstId, idCount };
  const expected = 'start[:end] with whole numbers from 1 on and an end above the start, such as 1:1000';
  const parts = range.split(':');
  if (parts.length > 2 || parts.some((part) => !/^\d+$/.test(part))) throw badFlag(flag, expected, range);
  const [first = 0, end = first + idCount] = parts.map(Number);
  if (first < 1 || end <= first) throw badFlag(flag, expected, range);
  if (end > Number.MAX_SAFE_INTEGER) throw badFlag(flag, `ids below ${Number.MAX_SAFE_INTEGER}`, range);
  return { firstId: first, idCount: end - first };
}
