import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GridRow, readGrid } from '../../searcher/replay/read-grid.js';
import { heldOutFamilies } from './held-out-families.js';
import { type GridScore, type GridTask, quantile, scoreGrid, throughputWithin } from './search-grid.js';
import { simulatorError } from './simulator-error.js';
import { families } from './synthetic-families.js';
import { syntheticGrids } from './synthetic-grids.js';

const budgets = [25, 35];
const syntheticPerFamily = 2;

/**
 * How good `guided` is on recorded grids: for each CSV file of a folder, without one for made-up grids of 400 to 720 points, each with
 * limits of p99 and without, 25 seeds. Prints the fractions of the feasible optimum as a table; "oracle" is who knows a made-up server but for
 * its noise, and chooses without measuring. The searcher was not tuned on families that are held out.
 */
export async function benchSearch(folder?: string): Promise<void> {
  if (folder === undefined) {
    await scoreGrids('made-up', syntheticGrids(syntheticPerFamily, 1, families), [30]);
    await scoreGrids('held out', syntheticGrids(syntheticPerFamily, 1, heldOutFamilies), [30]);
    return;
  }
  const grids = gridsOf(folder);
  await scoreGrids(folder, grids, budgets);
  for (const { name, rows } of grids) {
    const { median, ninth, repeat } = await simulatorError(rows, Math.min(...budgets));
    const again = repeat === undefined ? '' : `; two recordings of a point: ${percent(repeat)}`;
    console.log(
      `${name}: the simulator is off by ${percent(median)} at the median, nine in ten ${percent(ninth)}${again}`,
    );
  }
}

async function scoreGrids(what: string, grids: readonly Grid[], measurements: readonly number[]): Promise<void> {
  const all: GridScore[] = [];
  const before = process.cpuUsage();
  console.log('| grid | limit | at most | nine in ten seeds | half | oracle | break the limit | measured |');
  console.log('|---|---|---|---|---|---|---|---|');
  for (const task of grids.flatMap((grid) => tasksOf(grid, measurements))) {
    const score = await scoreGrid(task);
    all.push(score);
    console.log(lineOf(score));
  }
  const { user, system } = process.cpuUsage(before);
  const reached = all.filter(({ tenth }) => tenth >= 0.95).length;
  const broken = all.reduce((sum, score) => sum + score.broken, 0);
  const pooled = all.flatMap(({ fractions }) => fractions);
  const good = pooled.filter((fraction) => fraction >= 0.95).length;
  console.log(
    `${what}: in ${reached} of ${all.length} tasks nine in ten seeds reach 95 %; ${broken} choices break a limit`,
  );
  console.log(
    `of all ${pooled.length} searches ${percent(good / pooled.length)} reach 95 %, nine in ten ${percent(quantile(pooled, 0.1))}, ` +
      `half ${percent(quantile(pooled, 0.5))}; ${Math.round((user + system) / 1e3 / pooled.length)} ms of CPU each`,
  );
  const oracles = all.flatMap(({ oracle }) => oracle ?? []);
  if (oracles.length > 0) console.log(`of the oracle's nine in ten reach ${percent(quantile(oracles, 0.1))}`);
}

const tasksOf = ({ name, rows, exact, limitsMs }: Grid, measurements: readonly number[]): GridTask[] =>
  [...limitsMs, undefined].flatMap((limit) =>
    measurements.map((maxMeasurements) => ({
      grid: name,
      rows,
      ...(exact === undefined ? {} : { exact }),
      limit: limitName(limit),
      goal: throughputWithin(limit === undefined ? undefined : { tag: 'perf_latency_p99', max: limit }),
      strategy: 'guided',
      maxMeasurements,
    })),
  );

interface Grid {
  readonly name: string;
  readonly rows: readonly GridRow[];
  readonly limitsMs: readonly number[];
  readonly exact?: readonly GridRow[];
}

/** With the limits that a twentieth, a fifth and a half of the rows keep, rounded to two digits. */
function gridsOf(folder: string): Grid[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.csv'));
  return files.sort().map((file) => {
    const rows = readGrid(file, readFileSync(join(folder, file), 'utf8'));
    const latencies = rows
      .flatMap(({ metrics }) => metrics['perf_latency_p99'] ?? [])
      .sort((left, right) => left - right);
    const at = (share: number): number => Number((latencies[Math.floor(share * latencies.length)] ?? 0).toPrecision(2));
    const limitsMs = latencies.length === 0 ? [] : [at(0.1), at(0.2), at(0.5)];
    return { name: file, rows, limitsMs };
  });
}

const limitName = (limit: number | undefined): string =>
  limit === undefined ? 'no limit' : `p99 <= ${limit.toPrecision(3)} ms`;

const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;

const lineOf = ({
  grid,
  limit,
  maxMeasurements,
  tenth,
  median,
  oracle,
  broken,
  medianMeasurements,
}: GridScore): string =>
  `| ${grid} | ${limit} | ${maxMeasurements} | ${percent(tenth)} | ${percent(median)} | ` +
  `${oracle === undefined ? '' : percent(oracle)} | ${broken} | ${medianMeasurements} |`;
