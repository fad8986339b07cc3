import test from 'ava';
import type { Goal } from '../../../searcher/goal/goal.js';
import { csvCells } from '../../../searcher/replay/csv-cells.js';
import { readGrid } from '../../../searcher/replay/read-grid.js';
import { replay } from '../../../searcher/replay/replay.js';
import { strategies, strategyNames } from '../../../searcher/strategies/strategies.js';
import { candidateKey } from '../../../src/core/trial.js';
import { throughputGoal } from '../../helpers/fake-system.js';

const heading =
  'model,instance_count,max_queue_delay_microseconds,concurrency,perf_throughput,perf_latency_p99,measurement_s';
const grid = (...lines: readonly string[]): string => [heading, ...lines, ''].join('\n');

test('csvCells reads quotes, commas in them, and both line ends', (t) => {
  const cells = csvCells('\uFEFFa,"b,""c"""\r\n1,\n\n', (_, found) => new Error(found));
  t.deepEqual(cells, [
    ['a', 'b,"c"'],
    ['1', ''],
  ]);
});

test('csvCells leaves nothing of a text out that it cannot read', (t) => {
  const found = (text: string) => t.throws(() => csvCells(text, (line, got) => new Error(`${line}: ${got}`)))?.message;
  t.is(found('a,b\n1,2\n3,4"x\n5,6\n'), '3: 4"x\n5,6\n');
  t.is(found('a,b\n"1,2\n3,4\n'), '2: "1,2\n3,4\n');
  t.is(found('a,b\r1,2\r'), '1: b\r1,2\r');
});

test('readGrid takes every metric of a search for one, and nothing else', (t) => {
  const text = 'gpu_count,accuracy_cosine,perf_latency,cpu_used_ram,inter_token_latency_p99\n2,0.99,5,100,3\n';
  t.deepEqual(readGrid('g.csv', text), [
    {
      candidate: { gpu_count: 2 },
      metrics: { accuracy_cosine: 0.99, perf_latency_p99: 5, cpu_used_ram: 100, inter_token_latency_p99: 3 },
    },
  ]);
});

test('readGrid leaves out what is empty, of dimensions and of metrics', (t) => {
  t.deepEqual(readGrid('g.csv', grid('m,1,,4,100,,2.5')), [
    { candidate: { instance_count: 1, concurrency: 4 }, metrics: { perf_throughput: 100 }, seconds: 2.5 },
  ]);
});

test('readGrid refuses what it cannot understand, naming row and column', (t) => {
  const message = (text: string, model?: string): string | undefined =>
    t.throws(() => readGrid('g.csv', text, model))?.message;
  t.is(
    message(grid('m,1,,4,fast,,')),
    'Cannot replay g.csv: expected a number or nothing in perf_throughput of row 2, got fast',
  );
  t.is(message(grid('m,1,,4')), 'Cannot replay g.csv: expected 7 cells in row 2, as in the heading, got 4');
  t.is(message(`${heading},concurrency\n`), 'Cannot replay g.csv: expected each column once, got concurrency twice');
  t.is(
    message(grid('m,1,,"4,100,,')),
    'Cannot replay g.csv: expected commas between cells and quotes around whole ones in row 2, got "\\"4,100,,\\n"',
  );
  t.is(message('a,b\n1,2\n'), 'Cannot replay g.csv: expected a column such as perf_throughput, got a,b');
  t.is(message(grid('m,1,,4,1,,', 'n,1,,4,1,,')), 'Cannot replay g.csv: expected one model, or -m MODEL, got m, n');
  t.is(message(grid('m,1,,4,1,,'), 'other'), 'Cannot replay g.csv: expected rows of model other, got none');
});

const repeated = grid('m,1,,1,100,5,1', 'm,1,,1,120,9,2', 'm,1,,2,180,8,1', 'm,1,,4,200,30,1', 'm,2,,4,,,1');

test('replay judges choice and optimum on recorded means, and counts what was measured', async (t) => {
  const result = await replay(readGrid('g.csv', repeated), {
    strategy: strategies.brute,
    goal: throughputGoal(7.5),
    seed: 1,
    maxMeasurements: Number.POSITIVE_INFINITY,
  });
  t.is(result.measurements, 4, 'one draw of each candidate');
  t.is(result.optimum, 110);
  const isLucky = result.choice?.['concurrency'] === 1;
  t.is(result.feasible, isLucky, 'the mean of 5 and 9 ms keeps the limit, a draw of 9 does not');
  t.is(result.fraction, isLucky ? 1 : 0);
});

test('replay takes the mean of a metric from the rows that recorded it', async (t) => {
  const rows = readGrid('g.csv', grid('m,1,,1,100,5,1', 'm,1,,1,120,,1', 'm,1,,1,,,', 'm,1,,2,90,4,1'));
  const options = { strategy: strategies.brute, goal: throughputGoal(7), seed: 1, maxMeasurements: 9 };
  t.is((await replay(rows, options)).optimum, 110);
});

test('replay says when nothing recorded keeps the limits', async (t) => {
  const options = { strategy: strategies.guided, goal: throughputGoal(1), seed: 1, maxMeasurements: 10 };
  const result = await replay(readGrid('g.csv', grid('m,1,,1,100,5,1', 'm,1,,2,180,8,1')), options);
  t.deepEqual([result.optimum, result.fraction, result.feasible], [null, null, false]);
  t.is(result.choice?.['concurrency'], 1, 'the smallest violation');
});

test('replay takes the time of measurements from the grid, or says that it is not there', async (t) => {
  const options = { strategy: strategies.brute, goal: throughputGoal(), seed: 1, maxMeasurements: 99 };
  const untimed = grid('m,1,,1,100,5,', 'm,1,,2,100,5,');
  t.is((await replay(readGrid('g.csv', untimed), options)).measurement_s, null);
  const timed = grid('m,1,,1,100,5,3', 'm,1,,2,100,5,4');
  t.is((await replay(readGrid('g.csv', timed), options)).measurement_s, 7);
});

test('replay draws the same rows for the same seed', async (t) => {
  const rows = readGrid('g.csv', repeated);
  const options = { strategy: strategies.guided, goal: throughputGoal(10), seed: 5, maxMeasurements: 12 };
  t.deepEqual(await replay(rows, options), await replay(rows, options));
});

const keys = [
  'strategy',
  'seed',
  'measurements',
  'measurement_s',
  'choice',
  'objective',
  'optimum',
  'fraction',
  'feasible',
];
const atLeast = (infersPerSecond: number): Goal => ({
  ...throughputGoal(),
  constraints: throughputGoal().objectives.map(({ metric }) => ({ metric, min: infersPerSecond })),
});
const oddGrids: readonly { readonly what: string; readonly text: string; readonly goal: Goal }[] = [
  { what: 'one row', text: grid('m,1,,1,100,5,1'), goal: throughputGoal(7) },
  { what: 'repeats and cells without metrics', text: repeated, goal: throughputGoal(7.5) },
  { what: 'nothing recorded at all', text: grid('m,1,,1,,,', 'm,2,,1,,,'), goal: throughputGoal(7.5) },
  { what: 'no latency where there is a limit of it', text: grid('m,1,,1,9,,', 'm,2,,1,8,,'), goal: throughputGoal(7) },
  { what: 'no feasible point', text: grid('m,1,,1,100,5,1', 'm,1,,2,180,8,1'), goal: throughputGoal(1) },
  { what: 'a limit of throughput', text: grid('m,1,,1,100,5,1', 'm,1,,2,180,8,1'), goal: atLeast(150) },
  {
    what: 'batching, a category and a column that is the same everywhere',
    text: [
      'model,max_batch_size,max_queue_delay_microseconds,precision,note,concurrency,perf_throughput,perf_latency_p99',
      ...['fp32', 'int8'].flatMap((precision) =>
        [1, 8].flatMap((batch) => [1, 16].map((c) => `m,${batch},500,${precision},x,${c},${50 * batch + c},${c}`)),
      ),
    ].join('\n'),
    goal: throughputGoal(20),
  },
];

for (const { what, text, goal } of oddGrids) {
  test(`replay has the same keys and a choice that was recorded on a grid with ${what}`, async (t) => {
    const rows = readGrid('g.csv', text);
    for (const name of strategyNames) {
      const result = await replay(rows, { strategy: strategies[name], goal, seed: 3, maxMeasurements: 12 });
      t.deepEqual(Object.keys(result), keys, name);
      t.true(result.measurements >= 1 && result.measurements <= 12);
      t.is(
        result.choice !== null,
        rows.some(({ metrics }) => Object.keys(metrics).length > 0),
      );
      t.is(result.fraction === null, result.optimum === null);
      t.true(result.fraction === null || (result.fraction > 0 === result.feasible && result.fraction <= 1));
      t.true(
        result.choice === null ||
          rows.some(({ candidate }) => candidateKey(candidate) === candidateKey(result.choice ?? {})),
      );
    }
  });
}
