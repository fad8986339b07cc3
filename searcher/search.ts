import type { Measure, Trial } from '../src/core/trial.js';
import type { Strategy } from './strategy.js';

/**
 * Measures what a strategy proposes until it has enough or the signal is aborted. Each trial is given to the caller as soon as it is
 * there, so that whoever keeps them loses at most the one that was running.
 */
export async function* search(strategy: Strategy, measure: Measure, signal?: AbortSignal): AsyncGenerator<Trial> {
  while (signal?.aborted !== true) {
    const candidate = strategy.propose();
    if (candidate === undefined) return;
    const trial = await measure(candidate);
    strategy.observe(trial);
    yield trial;
  }
}
