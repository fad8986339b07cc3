import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { refusalOf, runIn } from '../helpers/command-here.js';
import { batchedSpace, fakeMeasure, fakeSystems } from '../helpers/fake-system.js';

async function writeGrid(workplace: Workplace): Promise<string> {
  const noisy = fakeSystems.find(({ name }) => name === 'noisy');
  if (noisy === undefined) throw new Error('there is no noisy system');
  const measure = fakeMeasure(noisy, 3);
  const lines = await Promise.all(
    batchedSpace.candidates.map(async (candidate) => {
      const trial = await measure(candidate);
      const metrics = trial.ok ? [trial.metrics['perf_throughput'], trial.metrics['perf_latency_p99']] : ['', ''];
      return ['fake', ...Object.values(candidate), ...metrics, 2].join(',');
    }),
  );
  const heading = 'model,instance_count,max_batch_size,concurrency,perf_throughput,perf_latency_p99,measurement_s';
  const file = workplace.path('grid.csv');
  writeFileSync(file, `${[heading, ...lines].join('\n')}\n`);
  return file;
}

test('search --replay finds 95 % of the recorded optimum within a limit and writes what it found', async (t) => {
  await using workplace = createWorkplace();
  const grid = await writeGrid(workplace);
  const limit = ['--constraint', 'perf_latency_p99:max=15'];
  const { code, stdout, stderr } = await runIn(
    workplace,
    'search',
    '--replay',
    grid,
    ...limit,
    '--seed',
    '2',
    '--json',
    'result.json',
  );
  t.is(code, 0, stderr);
  t.regex(stdout, /^Strategy guided, seed 2: \d+ measurements, which took \d+\.0 s when they were recorded\.$/m);
  const result = JSON.parse(readFileSync(workplace.path('result.json'), 'utf8'));
  t.true(result.fraction >= 0.95 && result.fraction <= 1, JSON.stringify(result));
  t.true(result.feasible);
  t.is(result.measurement_s, 2 * result.measurements);
});

test('search --replay fails the gate when nothing keeps the limit', async (t) => {
  await using workplace = createWorkplace();
  const grid = await writeGrid(workplace);
  const { code, stdout } = await runIn(
    workplace,
    'search',
    '--replay',
    grid,
    '--constraint',
    'perf_latency_p99:max=0.01',
  );
  t.is(code, 4);
  t.regex(stdout, /No recorded candidate keeps all limits\./);
});

test('search refuses what it cannot read, in one line', async (t) => {
  const refusal = async (...args: readonly string[]): Promise<string> => {
    const { code, message } = await refusalOf('search', ...args);
    t.is(code, 64, message);
    return message;
  };
  t.regex(await refusal('--replay', 'none.csv'), /Cannot read --replay none\.csv: ENOENT/);
  t.regex(
    await refusal('--replay', 'x', '--constraint', 'perf_latency_p99:50'),
    /Cannot use --constraint: expected METRIC:max=NUMBER/,
  );
  t.regex(
    await refusal('--replay', 'x', '--objective', 'speed'),
    /Cannot use --objective: expected a metric, got 'speed'/,
  );
  t.regex(
    await refusal('--replay', 'x', '--strategy', 'magic'),
    /Cannot use --strategy: expected guided, bayes, quick, brute/,
  );
});
