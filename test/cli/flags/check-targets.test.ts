import test from 'ava';
import { checkSequenceTargets } from '../../../src/cli/flags/check-targets.js';
import { PerfError } from '../../../src/core/perf-error.js';
import { readFlags } from './read-flags.js';

test('several models and servers are in the options', (t) => {
  const { settings, server } = readFlags('-m', 'a=3,b', '-u', 'h:1', '-u', 'h:2', '--concurrency-range', '2');
  t.is(settings.modelName, 'a,b');
  t.deepEqual(settings.models, [
    { name: 'a', weight: 3 },
    { name: 'b', weight: 1 },
  ]);
  t.deepEqual(server.urls, ['h:1', 'h:2']);
});

test('one model has no share', (t) => {
  const { settings } = readFlags('-m', 'a\\,b');
  t.is(settings.modelName, 'a,b');
  t.is(settings.models, undefined);
});

const refused: readonly [flags: readonly string[], message: string][] = [
  [
    ['-m', 'a', '-u', 'h:1', '-u', 'h:2'],
    'Cannot use --concurrency-range 1 with 2 servers: expected at least 2, one request in flight for each, got 1',
  ],
  [
    ['-m', 'a', '-u', 'h:1', '-u', 'h:2', '--periodic-concurrency-range', '1:4'],
    'Cannot use --periodic-concurrency-range 1 with 2 servers: expected at least 2, one request in flight for each, got 1',
  ],
  [['-m', 'a', '-u', 'h:1', '-u', 'h:1'], "Cannot use -u: expected different servers, got 'h:1' twice"],
  [
    ['-m', 'a', '-u', 'h:1', '-u', 'https://h:2'],
    'Cannot use -u: expected all servers with TLS, or none, got h:1, https://h:2',
  ],
  [
    ['-m', 'a', '-u', 'x:1', '-u', 'y:1', '--bls-composing-models', 'c'],
    'Cannot use --bls-composing-models: expected one model on one server, got 2',
  ],
];

for (const [flags, message] of refused) {
  test(`refused: ${flags.join(' ')}`, (t) => {
    t.is(t.throws(() => readFlags(...flags), { instanceOf: PerfError, message })?.code, 'usage');
  });
}

const sequencesOf = (...flags: readonly string[]) => {
  const { settings, sequences } = readFlags('-m', 'a', ...flags);
  return { ...settings, sequences: sequences.settings };
};

test('checkSequenceTargets: of an open loop every server has as many sequences, in every thread', (t) => {
  const rate = ['--request-rate-range', '9'];
  const check = (servers: number, ...flags: readonly string[]) =>
    t.notThrows(() => checkSequenceTargets(sequencesOf(...flags), { models: 1, servers }));
  check(2, ...rate);
  check(4, ...rate, '--max-threads', '2');
  check(1, ...rate, '--num-of-sequences', '5', '--max-threads', '2');
  check(3, '--concurrency-range', '4');
  const refuse = (servers: number, message: string, ...flags: readonly string[]) =>
    t.throws(() => checkSequenceTargets(sequencesOf(...rate, ...flags), { models: 1, servers }), { message });
  refuse(3, 'Cannot use --num-of-sequences 4 with 3 servers: expected as many for each, such as 6, got 4');
  refuse(
    2,
    'Cannot use --num-of-sequences 4 with 2 servers in 3 threads: expected as many for each, such as 6, got 4',
    ...['--max-threads', '3'],
  );
  t.throws(() => checkSequenceTargets(sequencesOf(), { models: 2, servers: 1 }), {
    message: 'Cannot use sequences: expected one model, got 2',
  });
});
