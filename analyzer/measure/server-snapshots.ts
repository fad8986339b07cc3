import type { ComposingSplit, ServerSplit } from '../../src/core/run.js';
import { type Nanoseconds, ns, toMs } from '../../src/core/units.js';
import type { ModelStatistics } from '../../src/protocol/statistics.js';
import type { CompletionLedger } from './completion-ledger.js';
import { type ComposingSource, composingSplits, readComposing, withComposingQueues } from './composing-statistics.js';
import { busiestVersion, serverSplit } from './server-split.js';

/** Reads the statistics of the model's versions; `undefined` when the server does not say. Never rejects. */
export type ReadStatistics = () => Promise<readonly ModelStatistics[] | undefined>;

/** What the statistics extension says at the bounds of the windows of a level. */
export interface ServerSnapshots {
  /** Asks the server now. Resolves when it has answered. */
  take(): Promise<void>;
  /** Resolves when every answer is there. */
  settled(): Promise<void>;
  /** What the server did between two snapshots, counted from 0; an answer that is missing at the end falls back to an earlier one. */
  split(from: number, to: number): ServerSplit | undefined;
  /** What the models within the measured one did, likewise; those that worked. */
  composing(from: number, to: number): readonly ComposingSplit[];
}

interface Snapshot {
  statistics: readonly ModelStatistics[] | undefined;
  /** In the order of the models. */
  composing: readonly (readonly ModelStatistics[] | undefined)[];
  /** By version: the summed latencies of as many answers as the server had given. */
  readonly clientSums: Map<string, Nanoseconds>;
}

/** @param source of the models within the measured one, where there are any */
export function createServerSnapshots(
  read: ReadStatistics,
  ledger: CompletionLedger,
  source: ComposingSource = noComposing,
): ServerSnapshots {
  const snapshots: Snapshot[] = [];
  const pending: Promise<void>[] = [];

  /** Requests that the server finished between the first snapshot, when nothing was in flight, and this one. */
  const doneSinceStart = ({ version, inference_stats }: ModelStatistics): number => {
    const first = snapshots[0]?.statistics?.find((start) => start.version === version);
    return inference_stats.success.count - (first?.inference_stats.success.count ?? 0);
  };

  const fill = async (snapshot: Snapshot): Promise<void> => {
    [snapshot.statistics, snapshot.composing] = await Promise.all([read(), readComposing(source)]);
    for (const version of snapshot.statistics ?? []) {
      ledger.sumOfFirst(doneSinceStart(version), (sum) => snapshot.clientSums.set(version.version, sum));
    }
  };

  const composing = (from: number, to: number): readonly ComposingSplit[] => {
    const later = snapshots.slice(from + 1, to + 1);
    const end = source.models.map((_, index) => later.findLast((each) => each.composing[index])?.composing[index]);
    return composingSplits(source.models, snapshots[from]?.composing ?? [], end);
  };

  return {
    take: () => {
      const snapshot: Snapshot = { statistics: undefined, composing: [], clientSums: new Map() };
      snapshots.push(snapshot);
      const filled = fill(snapshot);
      pending.push(filled);
      return filled;
    },
    settled: async () => {
      await Promise.all(pending);
    },
    split: (from, to) => {
      const start = snapshots[from];
      const end = snapshots.slice(from + 1, to + 1).findLast(({ statistics }) => statistics !== undefined);
      if (start?.statistics === undefined || end?.statistics === undefined) return undefined;
      const pair = busiestVersion(start.statistics, end.statistics);
      const own = pair && serverSplit(pair.before, pair.after);
      if (pair === undefined || own === undefined) return undefined;
      const split = withComposingQueues(own, composing(from, to));
      const before = start.clientSums.get(pair.before.version);
      const after = end.clientSums.get(pair.after.version);
      if (before === undefined || after === undefined) return split;
      return { ...split, clientMs: toMs(ns((after - before) / split.requests)) };
    },
    composing,
  };
}

const noComposing: ComposingSource = { models: [], read: async () => undefined };
