import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../../core/perf-error.js';
import type { ModelRepository } from './model-repository.js';

export interface PollOptions {
  /** From the end of one look to the next. */
  readonly everyMs: number;
  readonly log: (line: string) => void;
}

/**
 * Follows the model repositories (model configuration, 8.3 "poll"): what is new is loaded, what changed is loaded again
 * while the old version serves, what is gone is unloaded. What fails is told, and tried again when its files change.
 */
export function pollRepository(repository: ModelRepository, { everyMs, log }: PollOptions): AsyncDisposable {
  const stop = new AbortController();
  const follow = async (): Promise<void> => {
    for (let told = new Set<string>(); ; ) {
      try {
        await setTimeout(everyMs, undefined, { signal: stop.signal });
      } catch {
        return;
      }
      const messages = await troubles(repository);
      for (const message of messages) if (!told.has(message)) log(`error: ${message}`);
      told = new Set(messages);
    }
  };
  const followed = follow();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await followed;
    },
  };
}

/** A repository that cannot be read changes nothing. */
async function troubles(repository: ModelRepository): Promise<string[]> {
  try {
    return (await repository.followFiles()).map(({ message }) => message);
  } catch (thrown) {
    return [messageOf(thrown)];
  }
}
