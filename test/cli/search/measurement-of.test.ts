import test from 'ava';
import { parseGoal } from '../../../src/cli/flags/goal-flags.js';
import { hopelessMsOf, measurementOf } from '../../../src/cli/search/measure-candidate.js';
import { readFlags } from '../flags/read-flags.js';

const measurement = (...args: readonly string[]) => readFlags('-m', 'simple', ...args).settings.measurement;

test('measurementOf has short windows, whatever a level would be measured by', (t) => {
  t.like(measurementOf(measurement(), 'screen'), { mode: 'time_windows', intervalMs: 500, maxTrials: 5 });
  t.like(measurementOf(measurement(), 'verdict'), { mode: 'time_windows', intervalMs: 1000, maxTrials: 5 });
  t.like(measurementOf(measurement('-p', '2000'), 'screen'), { mode: 'time_windows', intervalMs: 200, maxTrials: 5 });
  t.like(measurementOf(measurement('--request-count', '40'), 'screen'), { mode: 'count_windows', requestCount: 40 });
  t.is(measurementOf(measurement(), 'screen').adaptive, undefined);
});

test('hopelessMsOf is twice the smallest limit of a high percentile of latency', (t) => {
  const of = (...constraint: readonly string[]) => hopelessMsOf(parseGoal({ objective: [], constraint }));
  t.is(of(), undefined);
  t.is(
    of('perf_latency_p50:max=5', 'perf_latency_avg:max=5', 'perf_throughput:min=9', 'perf_latency_p99:min=1'),
    undefined,
  );
  t.is(of('perf_latency_p99:max=5', 'perf_latency_p95:max=3.5'), 7);
});
