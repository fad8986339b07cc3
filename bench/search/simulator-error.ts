import type { GridRow } from '../../searcher/replay/read-grid.js';
import { replay } from '../../searcher/replay/replay.js';
import { fitService, type Served } from '../../searcher/simulator/fit-service.js';
import { effectsOf, predictThroughput } from '../../searcher/simulator/service-model.js';
import { spaceOf } from '../../searcher/space/space.js';
import { strategies } from '../../searcher/strategies/strategies.js';
import { createTrialStore } from '../../searcher/trial-store.js';
import { candidateKey } from '../../src/core/trial.js';
import { quantile, throughputWithin } from './search-grid.js';

const seeds = 25;

export interface SimulatorError {
  /** Of all points that were not measured and all seeds: half are foreseen at least as well, as a share of what was recorded. */
  readonly median: number;
  /** The same for nine in ten. */
  readonly ninth: number;
  /** How far two recordings of a point differ at the median; absent when each point was recorded once. */
  readonly repeat?: number;
}

/** How well the simulator of `guided`, fitted to what a search of so many measurements saw, foresees the throughput of all other points. */
export async function simulatorError(rows: readonly GridRow[], maxMeasurements: number): Promise<SimulatorError> {
  const effects = effectsOf(spaceOf(rows.map(({ candidate }) => candidate)).dimensions);
  const store = createTrialStore();
  for (const { candidate, metrics } of rows) store.add({ ok: true, candidate, metrics, seconds: 0 });
  const errors: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const served: Served[] = [];
    await replay(rows, {
      strategy: strategies.guided,
      goal: throughputWithin(),
      seed,
      maxMeasurements,
      onTrial: (trial) => {
        const throughput = trial.ok ? trial.metrics['perf_throughput'] : undefined;
        if (throughput !== undefined) served.push({ candidate: trial.candidate, throughput });
      },
    });
    const parameters = fitService(served, effects);
    if (parameters === undefined) continue;
    const seen = new Set(served.map(({ candidate }) => candidateKey(candidate)));
    for (const { candidate, mean } of store.all()) {
      const recorded = mean?.['perf_throughput'];
      if (recorded === undefined || seen.has(candidateKey(candidate))) continue;
      errors.push(Math.abs(predictThroughput(parameters, candidate, effects) / recorded - 1));
    }
  }
  const repeat = repeatOf(rows);
  return {
    median: quantile(errors, 0.5),
    ninth: quantile(errors, 0.9),
    ...(repeat === undefined ? {} : { repeat }),
  };
}

function repeatOf(rows: readonly GridRow[]): number | undefined {
  const first = new Map<string, number>();
  const differences: number[] = [];
  for (const { candidate, metrics } of rows) {
    const key = candidateKey(candidate);
    const [throughput, before] = [metrics['perf_throughput'], first.get(key)];
    if (throughput === undefined) continue;
    if (before === undefined) first.set(key, throughput);
    else differences.push(Math.abs(throughput / before - 1));
  }
  return differences.length === 0 ? undefined : quantile(differences, 0.5);
}
