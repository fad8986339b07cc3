import test from 'ava';
import { analyze } from '../../../analyzer/analyze.js';
import { kneeOfLevels } from '../../../analyzer/limits/knee.js';
import { saturationPoint } from '../../../analyzer/statistics/saturation-point.js';
import { formatText } from '../../../reports/text.js';
import { levelValue } from '../../../src/core/load-name.js';
import type { Level } from '../../../src/core/run.js';
import { adaptiveMeasurement, simulatedPorts } from '../../helpers/measure-simulated.js';
import { runFixture } from '../../helpers/run-fixture.js';
import { schemaErrors } from '../../helpers/run-schema.js';

async function found(servers: number, end: number) {
  const { simulation, ports } = simulatedPorts({ serviceMs: () => 20, servers });
  const load = { kind: 'concurrency', range: { start: 1, end, step: 1 }, search: 'knee' } as const;
  const options = { batchSize: 1, measurement: adaptiveMeasurement, load, seed: 1 };
  const levels = await simulation.run(
    (async () => {
      const measured: Level[] = [];
      for await (const level of analyze(options, ports, new AbortController().signal)) measured.push(level);
      return measured;
    })(),
  );
  const knee = kneeOfLevels(levels, 1);
  const fixture = runFixture(levels);
  if (knee === undefined) throw new Error('nothing was measured');
  const run = { ...fixture, settings: { ...fixture.settings, load }, knee };
  return { concurrencies: levels.map((level) => levelValue(level.load)), knee, run };
}

test('analyze finds the knee of a server with three workers at concurrency 3', async (t) => {
  const { concurrencies, knee, run } = await found(3, 64);
  t.deepEqual(concurrencies, [1, 2, 4, 8, 16, 3]);
  t.true(knee.isReached && Math.abs(knee.concurrency - 3) < 0.05, String(knee.concurrency));
  t.true(Math.abs(knee.throughput - 150) < 2);
  t.deepEqual(schemaErrors(run), []);
  t.regex(
    formatText(run),
    /! Knee: throughput is saturated from concurrency [23][.\d]* .*highest throughput is 1[45]\d infer\/s/,
  );
});

test('analyze says that the knee is not reached when throughput grows to the end of the range', async (t) => {
  const { concurrencies, knee, run } = await found(16, 8);
  t.deepEqual(concurrencies, [1, 2, 4, 8]);
  t.false(knee.isReached);
  t.regex(formatText(run), /! Knee: not reached/);
});

test('saturationPoint is where the asymptotes cross, with the interval of both', (t) => {
  const light = { concurrency: 1, rate: 9, meanSeconds: 0.1, meanInterval: { low: 0.09, high: 0.11 } };
  const heavy = { concurrency: 8, rate: 40, meanSeconds: 0.2, rateInterval: { low: 39, high: 41 } };
  const point = saturationPoint([heavy, light]);
  t.is(point?.concurrency, 4);
  t.true(Math.abs((point?.interval?.low ?? 0) - 3.51) < 1e-9 && Math.abs((point?.interval?.high ?? 0) - 4.51) < 1e-9);
  t.is(saturationPoint([]), undefined);
});
