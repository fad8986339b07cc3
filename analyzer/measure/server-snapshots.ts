import type { ComposingSplit, ServerSplit } from '../../src/core/run.js';
import { minus, type Nanoseconds } from '../../src/core/units.js';
import type { ModelStatistics } from '../../src/protocol/statistics.js';
import type { CompletionLedger } from './completion-ledger.js';
import { type ComposingSource, composingSplits, readComposing, withComposingQueues } from './composing-statistics.js';
import { busiestVersion, type StatisticsDelta, serverSplit, statisticsDelta } from './server-split.js';

/**
 * Reads the statistics of the versions of a model on a server; `undefined` when the server does not say. Never rejects.
 *
 * @param target which of several; 0 when there is one
 */
export type ReadStatistics = (target: number) => Promise<readonly ModelStatistics[] | undefined>;

/** What the statistics extension says at the bounds of the windows of a level. */
export interface ServerSnapshots {
  /** Asks the servers now. Resolves when they have answered. */
  take(): Promise<void>;
  /** Resolves when every answer is there. */
  settled(): Promise<void>;
  /**
   * What the servers did between two snapshots, counted from 0; an answer that is missing at the end falls back to an earlier
   * one.
   *
   * @param isPart of which targets; of all unless given
   */
  split(from: number, to: number, isPart?: (target: number) => boolean): ServerSplit | undefined;
  /** What the models within the measured one did, likewise; those that worked. */
  composing(from: number, to: number): readonly ComposingSplit[];
}

/**
 * @param ledgers one for each target
 * @param source of the models within the measured one, where there are any; then there is one target
 */
export function createServerSnapshots(
  read: ReadStatistics,
  ledgers: readonly CompletionLedger[],
  source: ComposingSource = noComposing,
): ServerSnapshots {
  const targets = ledgers.map((ledger, target) => snapshotsOf(() => read(target), ledger));
  const within = composingSnapshotsOf(source);
  const all = [...targets, within];
  return {
    take: async () => {
      await Promise.all(all.map((each) => each.take()));
    },
    settled: async () => {
      await Promise.all(all.map((each) => each.settled()));
    },
    split: (from, to, isPart = () => true) => {
      const deltas = targets.flatMap((target, index) => {
        const delta = isPart(index) ? target.delta(from, to) : undefined;
        return delta === undefined ? [] : [delta];
      });
      const own = serverSplit(deltas);
      return own && withComposingQueues(own, within.splits(from, to));
    },
    composing: within.splits,
  };
}

const noComposing: ComposingSource = { models: [], read: async () => undefined };

function composingSnapshotsOf(source: ComposingSource): {
  take(): Promise<void>;
  settled(): Promise<void>;
  splits(from: number, to: number): readonly ComposingSplit[];
} {
  const readings: Awaited<ReturnType<typeof readComposing>>[] = [];
  const pending: Promise<void>[] = [];
  return {
    take: () => {
      const index = readings.push([]) - 1;
      const filled = readComposing(source).then((statistics) => {
        readings[index] = statistics;
      });
      pending.push(filled);
      return filled;
    },
    settled: async () => {
      await Promise.all(pending);
    },
    splits: (from, to) => {
      const later = readings.slice(from + 1, to + 1);
      const end = source.models.map((_, index) => later.findLast((reading) => reading[index])?.[index]);
      return composingSplits(source.models, readings[from] ?? [], end);
    },
  };
}

interface Snapshot {
  statistics: readonly ModelStatistics[] | undefined;
  /** By version: the summed latencies of as many answers as the server had given. */
  readonly clientSums: Map<string, Nanoseconds>;
}

/** Those of one target. */
interface TargetSnapshots {
  take(): Promise<void>;
  settled(): Promise<void>;
  delta(from: number, to: number): StatisticsDelta | undefined;
}

function snapshotsOf(read: () => ReturnType<ReadStatistics>, ledger: CompletionLedger): TargetSnapshots {
  const snapshots: Snapshot[] = [];
  const pending: Promise<void>[] = [];

  /** Requests that the server finished between the first snapshot, when nothing was in flight, and this one. */
  const doneSinceStart = ({ version, inference_stats }: ModelStatistics): number => {
    const first = snapshots[0]?.statistics?.find((start) => start.version === version);
    return inference_stats.success.count - (first?.inference_stats.success.count ?? 0);
  };

  const fill = async (snapshot: Snapshot): Promise<void> => {
    snapshot.statistics = await read();
    for (const version of snapshot.statistics ?? []) {
      ledger.sumOfFirst(doneSinceStart(version), (sum) => snapshot.clientSums.set(version.version, sum));
    }
  };

  return {
    take: () => {
      const snapshot: Snapshot = { statistics: undefined, clientSums: new Map() };
      snapshots.push(snapshot);
      const filled = fill(snapshot);
      pending.push(filled);
      return filled;
    },
    settled: async () => {
      await Promise.all(pending);
    },
    delta: (from, to) => {
      const start = snapshots[from];
      const end = snapshots.slice(from + 1, to + 1).findLast(({ statistics }) => statistics !== undefined);
      if (start?.statistics === undefined || end?.statistics === undefined) return undefined;
      const pair = busiestVersion(start.statistics, end.statistics);
      if (pair === undefined) return undefined;
      const before = start.clientSums.get(pair.before.version);
      const after = end.clientSums.get(pair.after.version);
      const clientSum = before === undefined || after === undefined ? undefined : minus(after, before);
      return statisticsDelta(pair.before, pair.after, clientSum);
    },
  };
}
