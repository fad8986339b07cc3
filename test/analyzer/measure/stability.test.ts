import test from 'ava';
import { checkStability } from '../../../analyzer/measure/stability.js';
import type { Stability } from '../../../src/core/run.js';

type Figures = readonly (readonly [throughput: number, latencyMs: number | undefined])[];

const unstable = (reason: Extract<Stability, { stable: false }>['reason']): Stability => ({ stable: false, reason });
const steady = [100, 10] as const;

const cases: readonly (readonly [string, Figures, Stability])[] = [
  ['needs three windows', [steady, steady], unstable('too-few-windows')],
  ['accepts equal windows', [steady, steady, steady], { stable: true }],
  ['looks at the last three only', [[1, 900], steady, steady, steady], { stable: true }],
  [
    'accepts a spread of exactly the tolerance',
    [
      [100, 10],
      [105, 10.5],
      [110, 11],
    ],
    { stable: true },
  ],
  [
    'refuses throughput beyond it',
    [
      [100, 10],
      [105, 10],
      [111, 10],
    ],
    unstable('throughput'),
  ],
  [
    'refuses latency beyond it',
    [
      [100, 10],
      [100, 10],
      [100, 11.1],
    ],
    unstable('latency'),
  ],
  ['refuses a window without an answer', [steady, steady, [0, undefined]], unstable('throughput')],
  [
    'says so when none was answered',
    [
      [0, undefined],
      [0, undefined],
    ],
    unstable('no-valid-requests'),
  ],
  ['has nothing to say at the start', [], unstable('too-few-windows')],
];
for (const [criterion, figures, expected] of cases) {
  test(`checkStability ${criterion}`, (t) => {
    const windows = figures.map(([throughput, latencyMs]) => ({ throughput, latencyMs }));
    t.deepEqual(checkStability(windows, 0.1), expected);
  });
}
