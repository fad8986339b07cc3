import { type Nanoseconds, ns } from '../../src/core/units.js';
import { type Targets, targetList, targetTable } from '../targets/targets.js';

/**
 * The sum of the latencies of the first n valid answers of a level, for the n that someone asks for. It pairs the server's
 * counters with the client's requests: a server that has finished n requests since the level began has, but for the
 * order within a batch, finished the first n that the client will see answered.
 */
export interface CompletionLedger {
  record(latency: Nanoseconds): void;
  /**
   * The sum over the first `count` answers: at once, or as soon as so many were recorded. Never, when they never come or
   * are longer ago than the ledger remembers.
   */
  sumOfFirst(count: number, onSum: (sum: Nanoseconds) => void): void;
}

/** A ledger for each target. */
export interface CompletionLedgers {
  readonly all: readonly CompletionLedger[];
  /** That of the target of a prepared request. */
  of(request: number): CompletionLedger;
}

/** @param targets absent: one model on one server */
export function createLedgers(targets: Targets | undefined): CompletionLedgers {
  const first = createCompletionLedger();
  if (targets === undefined) return { all: [first], of: () => first };
  const table = targetTable(targets);
  const all = targetList(targets).map((_, target) => (target === 0 ? first : createCompletionLedger()));
  return { all, of: (request) => all[table[request] ?? 0] ?? first };
}

/** How far back a question may lie: far more answers than come between a snapshot and the server's reply to it. */
const remembered = 2 ** 16;

export function createCompletionLedger(): CompletionLedger {
  const sums = new Float64Array(remembered);
  const wanted = new Map<number, (sum: Nanoseconds) => void>();
  let count = 0;
  return {
    record: (latency) => {
      const sum = (sums[count % remembered] ?? 0) + latency;
      count++;
      sums[count % remembered] = sum;
      if (wanted.size === 0) return;
      wanted.get(count)?.(ns(sum));
      wanted.delete(count);
    },
    sumOfFirst: (wantedCount, onSum) => {
      if (wantedCount > count) wanted.set(wantedCount, onSum);
      else if (wantedCount > count - remembered && wantedCount >= 0) onSum(ns(sums[wantedCount % remembered] ?? 0));
    },
  };
}
