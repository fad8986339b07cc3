import type { Level, Load, MeasurementSettings, RequestCounts } from '../../src/core/run.js';
import { minus, toMs } from '../../src/core/units.js';
import type { AssembledParts, LevelParts } from './level-parts.js';
import type { MetricsPolls } from './metrics-polls.js';
import type { ServerSnapshots } from './server-snapshots.js';
import { stabilityWindows } from './stability.js';
import { mergeWindows, reportedPercentiles, type SummaryOptions, summarise } from './summarise.js';
import type { WindowRecord } from './window-series.js';

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
}

/** The figures of a level: every window, and the last three merged. */
export function assembleLevel(records: LevelRecords): Pick<
  Level,
  'load' | 'summary' | 'summarisedWindows' | 'windows' | 'metrics' | 'composing'
> & {
  readonly parts: AssembledParts;
} {
  const { load, measurement, windows, snapshots, polls, parts, partCounts } = records;
  const options: SummaryOptions = { batchSize: records.batchSize, percentiles: percentilesOf(measurement) };
  const end = windows.length - deadWindows(windows);
  const last = windows.slice(Math.max(0, end - stabilityWindows), end);
  const lastSplit = snapshots.split(end - last.length, end);
  const composing = snapshots.composing(end - last.length, end);
  const [first] = last;
  const metrics = first && polls?.summarise(first.startedAt, last.at(-1)?.endedAt ?? first.endedAt);
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
    summary: summarise(mergeWindows(last), lastSplit, options),
    summarisedWindows: last.length,
    windows: windows.map((window, index) => ({
      index,
      startMs: toMs(minus(window.startedAt, windows[0]?.startedAt ?? window.startedAt)),
      ...summarise(window, snapshots.split(index, index + 1), options),
    })),
  };
}

/**
 * How many windows at the end hold the time in which nobody answered any more: the wholly lost ones, and the one in which
 * the server went away. At least one window remains.
 */
function deadWindows(windows: readonly WindowRecord[]): number {
  let dead = 0;
  while (dead < windows.length - 1 && windows.at(-1 - dead)?.isLost) dead++;
  const cut = windows.at(-1 - dead);
  const wentAway = dead > 0 && cut !== undefined && cut.failedRequests > cut.answeredFailures;
  return wentAway && dead < windows.length - 1 ? dead + 1 : dead;
}

function percentilesOf({ percentile }: MeasurementSettings): readonly number[] {
  if (percentile === undefined || reportedPercentiles.includes(percentile)) return reportedPercentiles;
  return [...reportedPercentiles, percentile].sort((left, right) => left - right);
}
