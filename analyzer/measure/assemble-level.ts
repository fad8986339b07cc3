import type { Load } from '../../src/core/load.js';
import type { Level, RequestCounts } from '../../src/core/run.js';
import type { MeasurementSettings } from '../../src/core/run-settings.js';
import { minus, toMs } from '../../src/core/units.js';
import { assessCertainty } from './assess-certainty.js';
import { settledFrom, stretchOf } from './judge-adaptive.js';
import type { Judgement } from './judge-level.js';
import type { AssembledParts, LevelParts } from './level-parts.js';
import type { MetricsPolls } from './metrics-polls.js';
import type { SampleLog } from './sample-log.js';
import type { ServerSnapshots } from './server-snapshots.js';
import { stabilityWindows } from './stability.js';
import { mergeWindows, reportedPercentiles, type Summable, type SummaryOptions, summarise } from './summarise.js';
import { lostWindows, type WindowRecord } from './window-series.js';

export interface LevelRecords {
  readonly load: Load;
  readonly batchSize: number;
  readonly measurement: MeasurementSettings;
  readonly windows: readonly WindowRecord[];
  readonly snapshots: Pick<ServerSnapshots, 'split' | 'composing'>;
  readonly polls: MetricsPolls | undefined;
  /** Absent: one model on one server. */
  readonly parts: LevelParts | undefined;
  /** Of the parts, when the measurement ended. */
  readonly partCounts: readonly RequestCounts[];
  readonly log: SampleLog;
  /** Of an adaptive level, as its last look found it. */
  readonly settled: Judgement['settled'];
}

/** The figures of a level: every window, and the last three merged; of an adaptive level, all behind the warm-up. */
export function assembleLevel(records: LevelRecords): Pick<
  Level,
  'load' | 'summary' | 'certainty' | 'summarisedWindows' | 'windows' | 'metrics' | 'composing'
> & {
  readonly parts: AssembledParts;
} {
  const { load, measurement, windows, snapshots, polls, parts, partCounts } = records;
  const options: SummaryOptions = { batchSize: records.batchSize, percentiles: percentilesOf(measurement) };
  const end = windows.length - deadWindows(windows);
  const last = windows.slice(firstSummarised(records, end), end);
  const lastSplit = snapshots.split(end - last.length, end);
  const composing = snapshots.composing(end - last.length, end);
  const [first] = last;
  const metrics = first && polls?.summarise(first.startedAt, last.at(-1)?.endedAt ?? first.endedAt);
  const merged = mergeWindows(last);
  const assembled = parts?.assemble({
    ...options,
    load,
    maxErrorRatePercent: measurement.maxErrorRatePercent,
    firstWindow: end - last.length,
    windows: last,
    snapshots,
    counts: partCounts,
  });
  return {
    parts: assembled ?? { verdicts: [] },
    ...(metrics === undefined ? {} : { metrics }),
    ...(composing.length === 0 ? {} : { composing }),
    load,
    summary: summarise(merged, lastSplit, options),
    ...certaintyOf(records, last, merged, options),
    summarisedWindows: last.length,
    windows: windows.map((window, index) => ({
      index,
      startMs: toMs(minus(window.startedAt, windows[0]?.startedAt ?? window.startedAt)),
      ...summarise(window, snapshots.split(index, index + 1), options),
    })),
  };
}

function firstSummarised({ measurement, windows, log, settled }: LevelRecords, end: number): number {
  if (measurement.mode !== 'adaptive') return Math.max(0, end - stabilityWindows);
  if (settled !== undefined && settled.from < end) return settled.from;
  return end === 0 ? 0 : settledFrom(windows.slice(0, end), log, measurement.stabilityPercent / 100);
}

function certaintyOf(
  { measurement, windows, log, settled }: LevelRecords,
  last: readonly WindowRecord[],
  { latencies }: Summable,
  { batchSize, percentiles }: SummaryOptions,
): Pick<Level, 'certainty'> {
  const [first] = last;
  if (latencies.count === 0 || first === undefined) return {};
  const certainty = assessCertainty(log.between(...stretchOf(last, 0)), latencies, {
    batchSize,
    percentiles,
    alpha: settled?.alpha ?? defaultAlpha,
    tolerance: measurement.stabilityPercent / 100,
    warmUpMs: toMs(minus(first.startedAt, windows[0]?.startedAt ?? first.startedAt)),
  });
  return { certainty };
}

/** Of a level at which nobody looked before it was over. */
const defaultAlpha = 0.05;

/**
 * How many windows at the end hold the time in which nobody answered any more: the lost ones, and the one in which
 * the server went away. At least one window remains.
 */
function deadWindows(windows: readonly WindowRecord[]): number {
  const dead = Math.max(0, Math.min(windows.length - 1, lostWindows(windows)));
  const cut = windows.at(-1 - dead);
  const wentAway = dead > 0 && cut !== undefined && cut.failedRequests > cut.answeredFailures;
  return wentAway && dead < windows.length - 1 ? dead + 1 : dead;
}

function percentilesOf({ percentile }: MeasurementSettings): readonly number[] {
  if (percentile === undefined || reportedPercentiles.includes(percentile)) return reportedPercentiles;
  return [...reportedPercentiles, percentile].sort((left, right) => left - right);
}
