import test from 'ava';
import { readFlags } from './read-flags.js';

const read = (...args: readonly string[]) => readFlags('-m', 'simple', ...args).settings.trace;

test('traceSettings sets what is given, and nothing else', (t) => {
  t.is(read(), undefined);
  t.deepEqual(read('--trace-level', 'TIMESTAMPS', '--trace-level', 'tensors', '--trace-count', '-1'), {
    trace_level: ['TIMESTAMPS', 'TENSORS'],
    trace_count: ['-1'],
  });
  t.deepEqual(read('--trace-rate', '10', '--log-frequency', '0'), { trace_rate: ['10'], log_frequency: ['0'] });
});

const refused: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['--trace-level', 'MAX'], /--trace-level: expected OFF, TIMESTAMPS, TENSORS, got 'MAX'/],
  [['--trace-rate', '0'], /--trace-rate: expected an integer of at least 1, got '0'/],
  [['--trace-count', '-2'], /--trace-count: expected an integer of at least -1, got '-2'/],
  [['--log-frequency', '1.5'], /--log-frequency: expected an integer of at least 0, got '1.5'/],
];
for (const [args, message] of refused) {
  test(`traceSettings refuses ${args.join(' ')}`, (t) => {
    t.throws(() => read(...args), { message });
  });
}
