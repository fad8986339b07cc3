import type { Random } from '../../src/core/random.js';
import type { Run } from '../../src/core/run.js';
import { levelFixture, runFixture } from './run-fixture.js';

/** What one run measured. */
export interface Figures {
  readonly throughput: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const template = levelFixture({ concurrency: 2, latenciesMs: [1, 2] });

/** A run of one level with these figures. */
export function runWith({ throughput, meanMs, p50Ms, p99Ms }: Figures): Run {
  const latency = { meanMs, stdMs: 0, minMs: p50Ms, maxMs: p99Ms, percentilesMs: { 50: p50Ms, 99: p99Ms } };
  const summary = { ...template.summary, throughput, latency };
  return runFixture([{ ...template, summary, windows: [{ index: 0, startMs: 0, ...summary }] }]);
}

/** A run whose figures all are `shift` times slower, each with normal noise of its own, as a share. */
export function simulatedRun(random: Random, noise: number, shift = 1): Run {
  const factor = () => Math.exp(noise * normal(random));
  return runWith({
    throughput: (1000 / shift) * factor(),
    meanMs: 2 * shift * factor(),
    p50Ms: 1.8 * shift * factor(),
    p99Ms: 4 * shift * factor(),
  });
}

/** By Box and Muller. */
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
