import { Worker } from 'node:worker_threads';
import test from 'ava';
import { measureLevel } from '../../../analyzer/measure/measure-level.js';
import { openSendThreads } from '../../../analyzer/threads/threaded-sender.js';
import { startProcessMeter } from '../../../src/cli/process-meter.js';
import { systemClock } from '../../../src/core/clock.js';

for (const warmupRequestCount of [0, 1000]) {
  test(`openSendThreads a thread that crashes ends the level with its error, and all threads end, ${warmupRequestCount} to warm up`, async (t) => {
    const workers = [0, 1].map(() => new Worker(new URL('./crashing-worker.js', import.meta.url)));
    const level = async (): Promise<void> => {
      await using threads = await openSendThreads(workers);
      await measureLevel(
        {
          planned: { load: { kind: 'concurrency', concurrency: 4 } },
          batchSize: 1,
          measurement: {
            mode: 'time_windows',
            intervalMs: 3_600_000,
            requestCount: 1,
            warmupRequestCount,
            stabilityPercent: 10,
            maxTrials: 10,
            maxErrorRatePercent: 1,
          },
        },
        {
          openSender: threads.openSender,
          startMeter: threads.meterOf(startProcessMeter),
          clock: systemClock,
          readStatistics: async () => undefined,
          onStart: () => undefined,
        },
        new AbortController().signal,
      );
    };
    await t.throwsAsync(level(), { message: 'told to crash' });
    t.deepEqual(
      workers.map(({ threadId }) => threadId),
      [-1, -1],
    );
  });
}
