import test from 'ava';
import { hopelessOf } from '../../../searcher/hopeless.js';
import { createTrialStore } from '../../../searcher/trial-store.js';
import { parseGoal } from '../../../src/cli/flags/goal-flags.js';
import { measurementOf } from '../../../src/cli/search/measure-candidate.js';
import { secondsLeft } from '../../../src/cli/search/time-left.js';
import { readFlags } from '../flags/read-flags.js';

const measurement = (...args: readonly string[]) => readFlags('-m', 'simple', ...args).settings.measurement;

test('measurementOf has short windows, whatever a level would be measured by', (t) => {
  t.like(measurementOf(measurement(), 'screen'), { mode: 'time_windows', intervalMs: 500, maxTrials: 5 });
  t.like(measurementOf(measurement(), 'verdict'), { mode: 'time_windows', intervalMs: 1000, maxTrials: 5 });
  t.like(measurementOf(measurement('-p', '2000'), 'screen'), { mode: 'time_windows', intervalMs: 200, maxTrials: 5 });
  t.like(measurementOf(measurement('--request-count', '40'), 'screen'), { mode: 'count_windows', requestCount: 40 });
  t.is(measurementOf(measurement(), 'screen').adaptive, undefined);
});

test('secondsLeft takes looks as long as those so far, repeats twice as long, and looks no longer than the budget', (t) => {
  t.is(secondsLeft({ looks: 10, repeats: 6 }, []), undefined);
  t.is(secondsLeft({ looks: 10, repeats: 6 }, [1, 3]), 10 * 2 + 6 * 4);
  t.is(secondsLeft({ looks: 10, repeats: 6, looksUntil: 5000 }, [1, 3], 2000), 3 + 6 * 4);
  t.is(secondsLeft({ looks: 10, repeats: 6, looksUntil: 1000 }, [1, 3], 2000), 6 * 4);
});

/** What was measured so far: concurrency, throughput and p99. */
function storeOf(...measured: readonly (readonly [concurrency: number, throughput: number, p99: number])[]) {
  const store = createTrialStore();
  for (const [concurrency, throughput, p99] of measured) {
    const metrics = { perf_throughput: throughput, perf_latency_p99: p99 };
    store.add({ ok: true, candidate: { concurrency }, metrics, seconds: 1 });
  }
  return store;
}

test('hopelessOf holds the median to twice the smallest limit of a high percentile of latency', (t) => {
  const of = (...constraint: readonly string[]) =>
    hopelessOf(parseGoal({ objective: ['perf_throughput'], constraint }), storeOf());
  t.deepEqual(of(), {});
  t.deepEqual(
    of('perf_latency_p50:max=5', 'perf_latency_avg:max=5', 'perf_throughput:min=9', 'perf_latency_p99:min=1'),
    {},
  );
  t.deepEqual(of('perf_latency_p99:max=5', 'perf_latency_p95:max=3.5'), { medianMs: 7 });
});

test('hopelessOf wants half the throughput of the best that keeps the limits, when nothing else is aimed at', (t) => {
  const constraint = ['perf_latency_p99:max=10'];
  const measured = storeOf([1, 100, 4], [4, 300, 9], [8, 900, 20]);
  const of = (...objective: readonly string[]) => hopelessOf(parseGoal({ objective, constraint }), measured).throughput;
  t.is(of('perf_throughput'), 150);
  t.is(of('perf_throughput:2', 'perf_latency_p99'), undefined);
  const broken = hopelessOf(parseGoal({ objective: ['perf_throughput'], constraint }), storeOf([8, 900, 20]));
  t.is(broken.throughput, undefined);
});
