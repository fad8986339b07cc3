import type { MeasurementSettings } from '../src/core/run-settings.js';
import { compareEstimators } from './adaptive/estimators.js';
import { type KnownServer, logNormalServer, pausingServer } from './adaptive/known-servers.js';
import { measureWay, type Outcome, runs, threeWindows, untilSure } from './adaptive/measure-way.js';

type Ways = readonly (readonly [name: string, measurement: MeasurementSettings])[];

/** From what is the default to what makes p99 as precise as can be. */
const singleWays: Ways = [
  ['three windows of 5 s', threeWindows()],
  ['adaptive, the default', untilSure()],
  ['adaptive, --min-time 9s', untilSure({ minMs: 9000 })],
  ['adaptive, --precision 2', untilSure({ precisionPercent: 2 })],
  ['adaptive, --percentile 99 --precision 10', untilSure({ precisionPercent: 10 }, 99)],
  ['adaptive, --percentile 99', untilSure({}, 99)],
];

/** Where p99 is what counts: the stability rule of the windows looks at it too. */
const p99Ways: Ways = [
  ['windows of 5 s until three agree in p99', threeWindows(99)],
  ['adaptive, --percentile 99', untilSure({}, 99)],
  ['adaptive, --percentile 99 --max-time 15s', untilSure({ maxMs: 15_000 }, 99)],
  ['adaptive, --percentile 99 --precision 10', untilSure({ precisionPercent: 10 }, 99)],
];

/** A sweep is as sure as its worst level, which gets the time that the others do not need. */
const sweepWays: Ways = [
  ...p99Ways,
  ['adaptive, --percentile 99 --precision 10 --max-time 25s', untilSure({ precisionPercent: 10, maxMs: 25_000 }, 99)],
];

const lively = logNormalServer(440, 0.5);

const fieldServers: readonly KnownServer[] = [
  lively,
  logNormalServer(130, 0.5),
  logNormalServer(40, 0.5),
  logNormalServer(440, 1),
  logNormalServer(130, 1),
  pausingServer(440, 0.015, 4),
];

/** As a concurrency doubles, and where one level is noisier than the others. */
const sweeps: readonly (readonly [name: string, levels: readonly KnownServer[]])[] = [
  ['50 to 1,600 requests/s in 6 levels', [50, 100, 200, 400, 800, 1600].map((rate) => logNormalServer(rate, 0.5))],
  [
    '6 levels of 400 requests/s, one of them with a heavy tail',
    [...[200, 300, 400, 500, 600].map((rate) => logNormalServer(rate, 0.2)), logNormalServer(400, 1)],
  ],
];

/**
 * Time and error of p99 of adaptive levels, against three fixed windows of 5 s, on simulated servers of which the truth is known: the mean of so
 * many levels each, and the root mean square of the error.
 */
export async function benchAdaptive(): Promise<void> {
  console.log(`Simulated, ${runs} levels each: seconds a level; error of p99, root mean square (mean).`);
  console.log('\nOne level, steady: in so much less time no rule can be as precise.');
  await compare(lively, singleWays);
  console.log(
    '\nOne level, by p99: windows until three agree (at most 10, the last 3 reported), as perf_analyzer has it.',
  );
  for (const server of fieldServers) await compare(server, p99Ways);
  console.log('\nThree times as slow at the beginning of the level.');
  for (const slowMs of [100, 300, 1000, 3000]) {
    await compare(lively, [...singleWays.slice(0, 1), ...p99Ways.slice(0, 1), ...singleWays.slice(1)], slowMs);
  }
  console.log('\nSweeps: all levels together; the largest error among them.');
  for (const [name, levels] of sweeps) await compareSweep(name, levels);
  console.log(
    `\nEstimates of p99 from the same sample: error of the sample's own percentile, and of Harrell and Davis'.`,
  );
  compareEstimators();
}

/** The first way is what the others are compared with. */
async function compare(server: KnownServer, ways: Ways, slowMs = 0): Promise<void> {
  console.log(slowMs === 0 ? server.name : `${server.name}, slow for ${slowMs} ms`);
  let rival: Outcome | undefined;
  for (const [name, measurement] of ways) {
    const outcome = await measureWay(server, measurement, slowMs);
    rival ??= outcome;
    const bias = `${(100 * outcome.bias).toFixed(2)} %`;
    console.log(`  ${name}: ${figures(outcome, rival)}, mean ${bias}`);
  }
}

async function compareSweep(name: string, levels: readonly KnownServer[]): Promise<void> {
  console.log(name);
  let rival: Outcome | undefined;
  for (const [way, measurement] of sweepWays) {
    const outcomes: Outcome[] = [];
    for (const server of levels) outcomes.push(await measureWay(server, measurement));
    const whole = {
      seconds: outcomes.reduce((sum, { seconds }) => sum + seconds, 0),
      error: Math.max(...outcomes.map(({ error }) => error)),
    };
    rival ??= { ...whole, bias: 0 };
    console.log(`  ${way}: ${figures(whole, rival)}`);
  }
}

/** And both as shares of the rival's. */
const figures = ({ seconds, error }: Omit<Outcome, 'bias'>, rival: Outcome): string =>
  `${seconds.toFixed(2)} s (${(100 * (seconds / rival.seconds)).toFixed(0)} %), ` +
  `error ${(100 * error).toFixed(2)} % (${(100 * (error / rival.error)).toFixed(0)} %)`;
