import type { Level, Run } from '../../src/core/run.js';
import { levelFixture, runFixture, serverSplitFixture } from './run-fixture.js';

interface BusyRun {
  readonly levels: number;
  readonly windows: number;
  /** In each window. */
  readonly requests: number;
  readonly modelName?: string;
}

/** A sweep of concurrency in which throughput levels off and latencies spread, as on a real server. */
export function busyRun({ levels, windows, requests, modelName = 'm' }: BusyRun): Run {
  const made = Array.from({ length: levels }, (_, index) => busyLevel(index + 1, windows, requests));
  const run = runFixture(made);
  return { ...run, settings: { ...run.settings, modelName }, model: { ...run.model, name: modelName } };
}

function busyLevel(concurrency: number, windows: number, requests: number): Level {
  const latenciesMs = Array.from(
    { length: requests },
    (_, index) => concurrency ** 1.5 * (1 + ((index * 7919) % 997) / 500),
  );
  const level = levelFixture({ concurrency, latenciesMs, server: serverSplitFixture });
  const throughput = (1000 * concurrency) / (concurrency + 3);
  const summary = { ...level.summary, throughput };
  return {
    ...level,
    summary,
    summarisedWindows: Math.min(3, windows),
    windows: Array.from({ length: windows }, (_, index) => ({
      ...summary,
      throughput: throughput * (1 + index / 50),
      index,
      startMs: index * 1000,
    })),
  };
}
