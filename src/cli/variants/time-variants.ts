import { meanOf } from '../../../analyzer/statistics/autocorrelation.js';
import { pairedRatio } from '../../../analyzer/statistics/paired-ratio.js';
import type { VariantTiming } from '../../core/variants-result.js';
import type { Session } from '../../precision/runtime/open-session.js';
import type { SentTensors } from '../../precision/runtime/session-messages.js';

/** How variants are timed. */
export interface TimingPlan {
  readonly batch: number;
  readonly feeds: SentTensors;
  /** No round begins later, once there are enough for an interval. */
  readonly maxMs: number;
  readonly signal: AbortSignal;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

/** Fewer rounds say nothing about their spread; more than enough say nothing new. */
const [fewestRounds, mostRounds] = [5, 40];
/** A turn is as many runs in a row as take so long, so that a switch between processes does not show. */
const turnMs = 50;

/**
 * Times sessions in turn, so that whatever slows the machine meets all of them: rounds of a turn each, every other round in
 * reverse. The first session is what the others are compared with.
 */
export async function timeVariants(sessions: readonly Session[], plan: TimingPlan): Promise<VariantTiming[]> {
  const { batch, feeds, maxMs, signal, now } = plan;
  const turns: { readonly session: Session; readonly runs: number; readonly meansMs: number[] }[] = [];
  for (const session of sessions) {
    signal.throwIfAborted();
    await session.feed(feeds);
    await session.time(2); // The first runs allocate.
    const [onceMs = turnMs] = await session.time(1);
    turns.push({ session, runs: Math.max(1, Math.min(1000, Math.round(turnMs / onceMs))), meansMs: [] });
  }
  const start = now();
  for (let round = 0; round < fewestRounds || (round < mostRounds && now() - start < maxMs); round++) {
    for (const { session, runs, meansMs } of round % 2 === 0 ? turns : turns.toReversed()) {
      signal.throwIfAborted();
      meansMs.push(meanOf(await session.time(runs)));
    }
  }
  const [original] = turns;
  return await Promise.all(
    turns.map(async ({ session, meansMs }): Promise<VariantTiming> => {
      const latencyMs = Math.exp(meanOf(meansMs.map(Math.log)));
      const { value, interval } = pairedRatio(meansMs, original?.meansMs ?? [], 0.95);
      return {
        batch,
        latencyMs,
        throughput: (batch / latencyMs) * 1e3,
        ...(meansMs !== original?.meansMs && interval && { speedup: { value, ...interval } }),
        rounds: meansMs.length,
        peakMemoryBytes: await session.peakMemoryBytes(),
      };
    }),
  );
}
