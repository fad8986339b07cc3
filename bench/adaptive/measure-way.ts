import { deriveSeed, seededRandom } from '../../src/core/random.js';
import type { MeasurementSettings } from '../../src/core/run-settings.js';
import { adaptiveMeasurement, measureSimulated } from '../../test/helpers/measure-simulated.js';
import type { KnownServer } from './known-servers.js';

const { adaptive: shipped, ...common } = adaptiveMeasurement;

/** `-p 5000 -s 10 -r 10`: perf_analyzer's rule, by the mean or by a percentile. The last three windows are reported. */
export const threeWindows = (percentile?: number): MeasurementSettings => ({
  ...common,
  mode: 'time_windows',
  intervalMs: 5000,
  maxTrials: 10,
  ...(percentile === undefined ? {} : { percentile }),
});

/** The default with changes: `--precision 5 --min-time 2s --max-time 20s`, by the mean or by a percentile. */
export const untilSure = (
  changes: Partial<NonNullable<typeof shipped>> = {},
  percentile?: number,
): MeasurementSettings => ({
  ...adaptiveMeasurement,
  adaptive: { precisionPercent: 5, minMs: 2000, maxMs: 20_000, ...changes },
  ...(percentile === undefined ? {} : { percentile }),
});

/** How levels of one server went, on average. */
export interface Outcome {
  readonly seconds: number;
  /** The error of p99, root mean square, and its mean: shares of the true p99. */
  readonly error: number;
  readonly bias: number;
}

/** So many levels each. Every way meets the same noise. */
export const runs = 100;

/** @param slowMs the server is three times as slow in so many ms at the beginning of each level */
export async function measureWay(server: KnownServer, measurement: MeasurementSettings, slowMs = 0): Promise<Outcome> {
  let [seconds, squares, errors] = [0, 0, 0];
  for (let run = 0; run < runs; run++) {
    const next = server.times(seededRandom(deriveSeed(run, server.name)));
    const { windows, summary } = await measureSimulated({
      serviceMs: (_, nowMs) => next() * (nowMs < slowMs ? 3 : 1),
      measurement,
    });
    const error = (summary.latency?.percentilesMs['99'] ?? 0) / server.p99Ms - 1;
    seconds += windows.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000;
    squares += error ** 2;
    errors += error;
  }
  return { seconds: seconds / runs, error: Math.sqrt(squares / runs), bias: errors / runs };
}
