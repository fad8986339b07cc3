import test from 'ava';
import { measurementOf } from '../../../src/cli/search/measure-candidate.js';
import { readFlags } from '../flags/read-flags.js';

const measurement = (...args: readonly string[]) => readFlags('-m', 'simple', ...args).settings.measurement;

test('measurementOf has short windows, whatever a level would be measured by', (t) => {
  t.like(measurementOf(measurement(), 'screen'), { mode: 'time_windows', intervalMs: 500, maxTrials: 5 });
  t.like(measurementOf(measurement(), 'verdict'), { mode: 'time_windows', intervalMs: 1000, maxTrials: 5 });
  t.like(measurementOf(measurement('-p', '2000'), 'screen'), { mode: 'time_windows', intervalMs: 200, maxTrials: 5 });
  t.like(measurementOf(measurement('--request-count', '40'), 'screen'), { mode: 'count_windows', requestCount: 40 });
  t.is(measurementOf(measurement(), 'screen').adaptive, undefined);
});
