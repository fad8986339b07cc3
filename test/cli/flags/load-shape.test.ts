import test from 'ava';
import { parseLoadShape } from '../../../src/cli/flags/load-shape.js';
import { PerfError } from '../../../src/core/perf-error.js';

const accepted: readonly (readonly [string, unknown])[] = [
  ['constant', { kind: 'constant' }],
  ['step:0.5,1,2:10s', { kind: 'step', factors: [0.5, 1, 2], stepMs: 10_000 }],
  ['ramp:0-1:1m', { kind: 'ramp', from: 0, to: 1, rampMs: 60_000 }],
  ['ramp:2-.5:1.5s', { kind: 'ramp', from: 2, to: 0.5, rampMs: 1500 }],
  ['sine:0.5:30s', { kind: 'sine', amplitude: 0.5, periodMs: 30_000 }],
  ['spike:5:500ms:10s', { kind: 'spike', factor: 5, lengthMs: 500, periodMs: 10_000 }],
];
for (const [text, shape] of accepted) {
  test(`parseLoadShape ${text}`, (t) => {
    t.deepEqual(parseLoadShape('--load-shape', text), shape as never);
  });
}

const refused = [
  ...['', 'square', 'constant:1', 'step:1', 'step:1,x:10s', 'step:1,0:10s', 'step::1s', 'ramp:1:10s', 'ramp:1-0:10s'],
  ...['ramp:0-1-2:10s', 'ramp:0-1:10', 'ramp:0-1:0s', 'sine:1.5:10s', 'sine:-1:10s', 'sine:0.5:10h'],
  ...['spike:5:10s:10s', 'spike:5:10s', 'spike:x:1s:10s', 'spike:5:1s:10s:1s'],
];
for (const text of refused) {
  test(`parseLoadShape refuses '${text}'`, (t) => {
    const error = t.throws(() => parseLoadShape('--load-shape', text), { instanceOf: PerfError });
    t.true(error?.message.startsWith('Cannot use --load-shape: expected constant, step:'), error?.message);
    t.true(error?.message.endsWith(`got '${text}'`));
  });
}
