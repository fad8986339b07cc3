import { readFileSync, writeFileSync } from 'node:fs';
import { type GridRow, readGrid } from '../../searcher/replay/read-grid.js';
import { type Candidate, type Trial, withoutLoad } from '../../src/core/trial.js';

const recorded = ['perf_throughput', 'perf_latency_avg', 'perf_latency_p99'];

/** Writes what brute force measured as a grid that `search --replay` reads; the current configuration by itself is no point of it. */
export function writeGrid(file: string, model: string, trials: readonly Trial[]): void {
  const points = trials.filter(({ candidate }) => hasSettings(candidate));
  const dimensions = [...new Set(points.flatMap(({ candidate }) => Object.keys(candidate)))];
  const rows = points.map((trial) => [
    model,
    ...dimensions.map((name) => trial.candidate[name] ?? ''),
    ...recorded.map((tag) => (trial.ok ? rounded(trial.metrics[tag]) : '')),
    rounded(trial.seconds),
  ]);
  const lines = [['model', ...dimensions, ...recorded, 'measurement_s'], ...rows].map((cells) => cells.join(','));
  writeFileSync(file, `${lines.join('\n')}\n`);
}

export const readRecorded = (file: string, model: string): GridRow[] =>
  readGrid(file, readFileSync(file, 'utf8'), model);

const hasSettings = (candidate: Candidate): boolean => Object.keys(withoutLoad(candidate)).length > 0;

const rounded = (value: number | undefined): string => (value === undefined ? '' : `${Number(value.toPrecision(5))}`);
