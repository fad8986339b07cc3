import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GridRow, readGrid } from '../../searcher/replay/read-grid.js';
import { type GridScore, type GridTask, scoreGrid, throughputWithin } from './search-grid.js';
import { syntheticGrids } from './synthetic-grids.js';

const budgets = [25, 35];
const syntheticPerFamily = 3;

/**
 * How good `guided` is on recorded grids: for each CSV file of a folder, without one for made-up grids of 400 to 720 points, each with
 * limits of p99 and without, 25 seeds. Prints the fractions of the feasible optimum.
 */
export async function benchSearch(folder?: string): Promise<void> {
  const grids = folder === undefined ? syntheticGrids(syntheticPerFamily) : gridsOf(folder);
  const all: GridScore[] = [];
  for (const task of grids.flatMap((grid) => tasksOf(grid, folder === undefined ? [30] : budgets))) {
    const score = await scoreGrid(task);
    all.push(score);
    console.log(lineOf(score));
  }
  const reached = all.filter(({ tenth }) => tenth >= 0.95).length;
  const broken = all.reduce((sum, score) => sum + score.broken, 0);
  console.log(`${reached} of ${all.length} tasks: nine in ten seeds reach 95 %; ${broken} choices break a limit`);
}

const tasksOf = ({ name, rows, limitsMs }: Grid, measurements: readonly number[]): GridTask[] =>
  [...limitsMs, undefined].flatMap((limit) =>
    measurements.map((maxMeasurements) => ({
      grid: name,
      rows,
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

const lineOf = ({ grid, limit, maxMeasurements, tenth, median, broken, medianMeasurements }: GridScore): string =>
  `${grid}, ${limit}, at most ${maxMeasurements}: nine in ten seeds reach ${percent(tenth)}, half ${percent(median)}; ` +
  `${broken} break the limit; ${medianMeasurements} measurements in the median`;
