import test from 'ava';
import { metricsUrlOf } from '../../../src/cli/flags/metrics-flags.js';
import { readFlags } from './read-flags.js';

const read = (...args: readonly string[]) => readFlags('-m', 'simple', ...args).settings.metrics;

test('metricsSettings: nothing is polled unless asked for', (t) => {
  t.is(read(), undefined);
  t.deepEqual(read('--collect-metrics'), { intervalMs: 1000 });
  t.deepEqual(read('--collect-metrics', '--metrics-interval', '50', '--metrics-url', 'h:1/m'), {
    intervalMs: 50,
    url: 'http://h:1/m',
  });
  const two = ['-u', 'a:1', '-u', 'b:1', '--concurrency-range', '2', '--collect-metrics'];
  t.deepEqual(read(...two), { intervalMs: 1000 });
  t.deepEqual(read(...two, '--metrics-url', 'h:1/m', '--metrics-url', 'h:2/m')?.urls, ['http://h:1/m', 'http://h:2/m']);
});

const refused: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['--metrics-url', 'h:1'], /--metrics-url alone: expected --collect-metrics/],
  [['--metrics-interval', '5'], /--metrics-interval alone: expected --collect-metrics/],
  [['--collect-metrics', '--metrics-interval', '0'], /--metrics-interval: expected an integer of at least 1, got '0'/],
  [['--collect-metrics', '--metrics-url', 'http://h:1:2'], /--metrics-url: expected a URL/],
  [['--collect-metrics', '--metrics-url', 'h:1', '--metrics-url', 'h:2'], /expected one, that of the server, got 2/],
  [
    ['-u', 'a:1', '-u', 'b:1', '--concurrency-range', '2', '--collect-metrics', '--metrics-url', 'h:1'],
    /--metrics-url: expected one for each of 2 servers, got 1/,
  ],
  [
    ['-u', 'a:1', '-u', 'a:2', '--concurrency-range', '2', '--collect-metrics'],
    /--collect-metrics: expected endpoints that differ, got http:..a:8002.metrics twice/,
  ],
];
for (const [args, message] of refused) {
  test(`metricsSettings refuses ${args.join(' ')}`, (t) => {
    t.throws(() => read(...args), { message });
  });
}

const urls = [
  ['localhost:8000', 'http://localhost:8002/metrics'],
  ['https://example.com:443', 'http://example.com:8002/metrics'],
  ['grpcs://example.com:443', 'http://example.com:8002/metrics'],
  ['[::1]:8001', 'http://[::1]:8002/metrics'],
] as const;
for (const [server, metrics] of urls) {
  test(`metricsUrlOf ${server}`, (t) => {
    t.is(metricsUrlOf(server), metrics);
  });
}
