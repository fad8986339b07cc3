import { messageOf, PerfError } from '../../core/perf-error.js';
import type { OutputAccuracy } from '../../core/variants-result.js';
import type { Session } from '../runtime/open-session.js';
import type { SentTensors } from '../runtime/session-messages.js';
import type { Answers } from './answers.js';
import { createOutputTally } from './output-tally.js';

/**
 * Runs the same samples through the original and a variant and compares each output.
 *
 * @throws PerfError `model` when one of them does not run, or their answers differ in form
 */
export async function compareAnswers(
  original: Answers,
  variant: Pick<Session, 'feed' | 'run'>,
  samples: readonly SentTensors[],
): Promise<OutputAccuracy[]> {
  const tallies = new Map(original.names.map((name) => [name, createOutputTally(name)]));
  for (const feeds of samples) {
    const [expected, got] = await Promise.all([original.to(feeds), answerOf(variant, feeds)]);
    for (const [name, tally] of tallies) {
      const [left, right] = [expected[name], got[name]];
      if (left === undefined || right === undefined) throw refused(`output '${name}' is missing`);
      try {
        tally.add(left, right);
      } catch (cause) {
        throw refused(messageOf(cause), cause);
      }
    }
  }
  return [...tallies.values()].map((tally) => tally.result());
}

async function answerOf(session: Pick<Session, 'feed' | 'run'>, feeds: SentTensors): Promise<SentTensors> {
  await session.feed(feeds);
  return await session.run();
}

const refused = (got: string, cause?: unknown): PerfError =>
  new PerfError('model', `Cannot compare answers: expected outputs of the same form, got: ${got}`, { cause });
