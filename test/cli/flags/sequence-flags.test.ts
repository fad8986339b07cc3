import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { PerfError } from '../../../src/core/perf-error.js';
import { readFlags } from './read-flags.js';

const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-flags-'));
test.after.always(() => rmSync(folder, { recursive: true }));
const data = join(folder, 'data.json');
writeFileSync(data, JSON.stringify({ data: [{ IN: [1], timestamp: 0 }] }));

const read = (...args: readonly string[]) => readFlags('-m', 'm', ...args);
const rate = ['--request-rate-range', '100'];

test('sequenceSettings without flags are those of perf_analyzer, and asked of nobody', (t) => {
  t.deepEqual(read().sequences, {
    settings: {
      concurrent: 4,
      length: 20,
      lengthVariationPercent: 20,
      firstId: 1,
      idCount: 4_294_967_295,
      isSerial: false,
    },
    isAsked: false,
  });
});

test('sequenceSettings are as the flags say', (t) => {
  const flags = ['--num-of-sequences', '9', '--sequence-length', '5', '--sequence-length-variation', '12.5'];
  t.deepEqual(read(...rate, ...flags, '--sequence-id-range', '100:200', '--serial-sequences').sequences, {
    settings: { concurrent: 9, length: 5, lengthVariationPercent: 12.5, firstId: 100, idCount: 100, isSerial: true },
    isAsked: true,
  });
  t.like(read('--sequence-id-range', '7').sequences.settings, { firstId: 7, idCount: 4_294_967_295 });
});

test('sequenceSettings with data files are as long as their streams, unless a length is given', (t) => {
  t.is(read('--input-data', data).sequences.settings.length, undefined);
  t.is(read('--input-data', data, '--sequence-length', '3').sequences.settings.length, 3);
  t.is(read('--input-data', folder).sequences.settings.length, 20);
});

for (const [args, message] of [
  [['--num-of-sequences', '0'], /--num-of-sequences: expected an integer of at least 1, got '0'/],
  [['--sequence-length', '1.5'], /--sequence-length: expected an integer of at least 1, got '1.5'/],
  [['--sequence-length-variation', '-1'], /--sequence-length-variation: expected a number of at least 0, got '-1'/],
  [['--sequence-id-range', '0:10'], /--sequence-id-range: expected start\[:end\].*, got '0:10'/],
  [['--sequence-id-range', '10:10'], /got '10:10'/],
  [['--sequence-id-range', '1:2:3'], /got '1:2:3'/],
  [['--sequence-id-range', '1:9007199254740992'], /expected ids below 9007199254740991, got/],
  [
    ['--sequence-id-range', '1:8', '--concurrency-range', '4:8'],
    /Cannot use --sequence-id-range with sequences: expected at least 8 ids, one for each at a time, got 7/,
  ],
  [['--sequence-id-range', '1:8', '--concurrency-range', '1:0', '-l', '5'], /expected at least 65535 ids/],
  [
    [...rate, '--num-of-sequences', '8', '--max-in-flight', '7'],
    /--num-of-sequences .* at most --max-in-flight 7, got 8/,
  ],
  [[...rate, '--num-of-sequences', '8', '--sequence-id-range', '1:8'], /expected at least 8 ids/],
  [['--serial-sequences', '-b', '2'], /Cannot use -b with sequences: expected 1, .*, got 2/],
  [['--serial-sequences', '--http-compression', 'gzip'], /Cannot use compression with sequences: .*, got gzip/],
  [['--serial-sequences', '--fixed-schedule', '--input-data', data], /Cannot use --fixed-schedule with sequences/],
  [
    ['--serial-sequences', '--request-parameter', 'sequence_end:true:bool'],
    /Cannot use --request-parameter with sequences: .*, got sequence_end/,
  ],
] as const) {
  test(`sequenceSettings refuses ${args.filter((arg) => arg !== data).join(' ')}`, (t) => {
    const refusal = t.throws(() => read(...args), { instanceOf: PerfError, message });
    t.is(refusal?.code, 'usage');
  });
}

test('sequenceNotes tells of flags that change nothing', (t) => {
  t.regex(read('--num-of-sequences', '8').notes[0] ?? '', /--num-of-sequences changes nothing in a closed loop/);
  const variation = read('--input-data', data, '--sequence-length-variation', '5').notes[0] ?? '';
  t.regex(variation, /--sequence-length-variation changes nothing without --sequence-length/);
  t.deepEqual(read(...rate, '--num-of-sequences', '8').notes, []);
});
