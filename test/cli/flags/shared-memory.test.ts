import test from 'ava';
import { parseSharedMemory, slotsFor } from '../../../src/cli/flags/shared-memory.js';
import { PerfError } from '../../../src/core/perf-error.js';

const load = { kind: 'concurrency', range: { start: 1, end: 1, step: 1 }, search: 'linear' } as const;
const parse = (sharedMemory: string, outputSharedMemorySize = '102400') =>
  parseSharedMemory({ sharedMemory, outputSharedMemorySize }, load);

test('parseSharedMemory', (t) => {
  t.deepEqual(parse('none'), { kind: 'none' });
  t.deepEqual(parse('system', '8'), { kind: 'system', outputBytes: 8 });
});

const refused: readonly (readonly [readonly [string, string?], string])[] = [
  [['cuda'], 'Cannot use --shared-memory cuda: expected none or system, got cuda'],
  [['shm'], "--shared-memory: expected none or system, got 'shm'"],
  [['system', '0'], "--output-shared-memory-size: expected an integer of at least 1, got '0'"],
];
for (const [flags, message] of refused) {
  test(`parseSharedMemory refuses ${flags.join(' ')}`, (t) => {
    const error = t.throws(() => parse(...flags), { instanceOf: PerfError });
    t.true(error?.message.includes(message), error?.message);
  });
}

test('slotsFor is the largest number of requests in flight', (t) => {
  t.is(slotsFor({ kind: 'concurrency', search: 'linear', range: { start: 2, end: 7, step: 2 } }, undefined), 7);
  t.is(slotsFor({ kind: 'concurrency', search: 'linear', range: { start: 2, end: 7, step: 2 } }, 100), 14);
  t.is(slotsFor({ kind: 'concurrency', search: 'linear', range: { start: 100, end: 100, step: 1 } }, 100), 164);
  const range = { start: 1, end: 0, step: 1 };
  t.is(
    slotsFor({ kind: 'request-rate', range, arrivals: { kind: 'constant' }, maxInFlight: 9 } as never, undefined),
    9,
  );
  t.throws(() => slotsFor({ kind: 'concurrency', search: 'linear', range }, undefined), {
    instanceOf: PerfError,
    message: /with an open --concurrency-range: expected an end, got 0/,
  });
});
