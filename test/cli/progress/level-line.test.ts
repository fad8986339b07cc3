import test from 'ava';
import type { LevelView } from '../../../analyzer/measure/level-view.js';
import { doneLine, runningLine } from '../../../src/cli/progress/level-line.js';
import type { LevelPlan } from '../../../src/cli/progress/progress.js';
import type { LoadSettings } from '../../../src/core/load.js';
import type { Level, Stability } from '../../../src/core/run.js';
import type { MeasurementSettings } from '../../../src/core/run-settings.js';
import { levelFixture, runFixture } from '../../helpers/run-fixture.js';

const view: LevelView = {
  load: { kind: 'concurrency', concurrency: 4 },
  window: 2,
  maxTrials: 10,
  elapsedMs: 1400,
  windowElapsedMs: 400,
  throughput: 123.456,
  requests: 50,
  answeredRequests: 60,
  failedRequests: 0,
  p99Ms: 12.3456,
  stability: { stable: false, reason: 'too-few-windows' },
};

interface Change {
  readonly view?: Partial<LevelView>;
  readonly load?: LoadSettings;
  readonly measurement?: Partial<MeasurementSettings>;
  readonly levelsLeft?: number | undefined;
}

/** A sweep from 1 to 8 in windows of 1 s, of which four levels are left. */
function lineOf(change: Change): string {
  const { settings } = runFixture([]);
  const plan: LevelPlan = {
    settings: {
      ...settings,
      load: change.load ?? { kind: 'concurrency', range: { start: 1, end: 8, step: 1 }, search: 'linear' },
      measurement: { ...settings.measurement, ...change.measurement },
    },
    levelsLeft: 'levelsLeft' in change ? change.levelsLeft : 4,
  };
  return runningLine({ ...view, ...change.view }, plan);
}

const open: LoadSettings = { kind: 'concurrency', range: { start: 1, end: 0, step: 1 }, search: 'linear' };
const rate = { kind: 'request-intervals', requestsPerSecond: 20, maxInFlight: 4 } as const;

// Two windows are left of this level, less the 0.4 s of the one that runs, and three of each of four more.
for (const [what, change, line] of [
  [
    'level, window, rate, p99, stability and the time that is left',
    {},
    'concurrency 4 of 1–8   window 2/10   123.5 infer/s   p99 12.35 ms   settling   ≥ 14 s left',
  ],
  [
    'failures when there are any',
    { view: { failedRequests: 7 } },
    'concurrency 4 of 1–8   window 2/10   123.5 infer/s   p99 12.35 ms   7 failed   settling   ≥ 14 s left',
  ],
  [
    'a dash before the first answer',
    { view: { window: 1, windowElapsedMs: 0, throughput: 0, p99Ms: undefined } },
    'concurrency 4 of 1–8   window 1/10   0.0 infer/s   p99 –   settling   ≥ 15 s left',
  ],
  [
    'one window after the third, as long as windows disagree',
    { view: { window: 7, stability: { stable: false, reason: 'latency' } }, levelsLeft: 0 },
    'concurrency 4 of 1–8   window 7/10   123.5 infer/s   p99 12.35 ms   latency not stable   ≥ 1 s left',
  ],
  [
    'minutes, and a plus when nobody knows how many levels come',
    { load: open, measurement: { intervalMs: 60_000 }, levelsLeft: undefined },
    'concurrency 4   window 2/10   123.5 infer/s   p99 12.35 ms   settling   ≥ 2 min 0 s+ left',
  ],
  [
    'no time for windows of so many requests',
    { measurement: { mode: 'count_windows' } },
    'concurrency 4 of 1–8   window 2/10   123.5 infer/s   p99 12.35 ms   settling',
  ],
  [
    'a load without a range',
    { view: { load: rate }, load: { kind: 'request-intervals', intervalsUs: [50_000], maxInFlight: 4 }, levelsLeft: 0 },
    'request rate 20   window 2/10   123.5 infer/s   p99 12.35 ms   settling   ≥ 2 s left',
  ],
] as const) {
  test(`runningLine shows ${what}`, (t) => {
    t.is(lineOf(change), line);
  });
}

const done = (change: Partial<Level>, latenciesMs: readonly number[] = [10, 11, 12]): string =>
  doneLine({ ...levelFixture({ concurrency: 4, latenciesMs }), ...change });
const unstable = (reason: Extract<Stability, { stable: false }>['reason']): Partial<Level> => ({
  stability: { stable: false, reason },
});

for (const [what, line, expected] of [
  ['the figures', done({}), 'concurrency 4: 3.00 infer/s, mean 11.000 ms, p99 12.000 ms (1 windows)'],
  [
    'why they are to be doubted',
    done({ ...unstable('throughput'), isOverLimit: true, verdict: { kind: 'suspect', findings: [] } }),
    'concurrency 4: 3.00 infer/s, mean 11.000 ms, p99 12.000 ms (1 windows) [throughput not stable, over the latency limit, suspect]',
  ],
  [
    'that there are none',
    done(unstable('no-answer'), []),
    'concurrency 4: no valid request (1 windows) [no answer, invalid]',
  ],
  [
    'an interrupt',
    done(unstable('interrupted')),
    'concurrency 4: 3.00 infer/s, mean 11.000 ms, p99 12.000 ms (1 windows) [interrupted]',
  ],
] as const) {
  test(`doneLine tells ${what}`, (t) => {
    t.is(line, expected);
  });
}
