import { seededRandom } from '../src/core/random.js';
import type { MeasurementSettings } from '../src/core/run-settings.js';
import { latencySeries, normals } from '../test/helpers/latency-truth.js';
import { adaptiveMeasurement, measureSimulated } from '../test/helpers/measure-simulated.js';

const runs = 100;
/** Of log-normal service times around 10 ms, divided by 5: some 440 a second. */
const scale = 0.2;
const trueP99 = 10 * Math.exp(0.5 * 2.3263478740408408) * scale;

const { adaptive: defaults, ...common } = adaptiveMeasurement;
const untilSure = (changes: Partial<NonNullable<typeof defaults>>, percentile?: number): MeasurementSettings => ({
  ...adaptiveMeasurement,
  adaptive: { precisionPercent: 5, minMs: 2000, maxMs: 15_000, ...changes },
  ...(percentile === undefined ? {} : { percentile }),
});

/** From what is the default to what makes p99 as precise as can be. */
const ways: readonly (readonly [name: string, measurement: MeasurementSettings])[] = [
  ['three windows of 5 s', { ...common, mode: 'time_windows', intervalMs: 5000, maxTrials: 10 }],
  ['adaptive, the default', untilSure({})],
  ['adaptive, at least 9 s', untilSure({ minMs: 9000 })],
  ['adaptive, 2 %', untilSure({ precisionPercent: 2 })],
  ['adaptive, p99 within 10 %', untilSure({ precisionPercent: 10 }, 99)],
  ['adaptive, p99 within 5 %', untilSure({}, 99)],
];

/** Two servers of known p99: one that is always the same, one that is three times as slow in its first second. */
const servers: readonly (readonly [name: string, slowMs: number])[] = [
  ['steady', 0],
  ['slow in its first second', 1000],
];

/** Time and error of p99 of adaptive levels, against three fixed windows, on simulated servers of which the truth is known. */
export async function benchAdaptive(): Promise<void> {
  for (const [server, slowMs] of servers) {
    for (const [way, measurement] of ways) {
      const normal = normals(seededRandom(1));
      let seconds = 0;
      let squares = 0;
      for (let run = 0; run < runs; run++) {
        const series = latencySeries(20_000, 0, normal);
        const level = await measureSimulated({
          serviceMs: (index, nowMs) => (series[index] ?? 10) * scale * (nowMs < slowMs ? 3 : 1),
          measurement,
        });
        seconds += level.windows.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000;
        squares += ((level.summary.latency?.percentilesMs['99'] ?? 0) / trueP99 - 1) ** 2;
      }
      const error = 100 * Math.sqrt(squares / runs);
      console.log(
        `${server}, ${way}: ${(seconds / runs).toFixed(2)} s a level, error of p99 ${error.toFixed(2)} % (root mean square, ${runs} runs)`,
      );
    }
  }
}
