import type { Level, Load, MeasurementSettings } from '../../src/core/run.js';
import { minus, toMs } from '../../src/core/units.js';
import type { MetricsPolls } from './metrics-polls.js';
import type { ServerSnapshots } from './server-snapshots.js';
import { stabilityWindows } from './stability.js';
import { mergeWindows, reportedPercentiles, type SummaryOptions, summarise } from './summarise.js';
import type { WindowRecord } from './window-series.js';

export interface LevelParts {
  readonly load: Load;
  readonly batchSize: number;
  readonly measurement: MeasurementSettings;
  readonly windows: readonly WindowRecord[];
  readonly snapshots: Pick<ServerSnapshots, 'split' | 'composing'>;
  readonly polls: MetricsPolls | undefined;
}

/** The figures of a level: every window, and the last three merged. */
export function assembleLevel(
  parts: LevelParts,
): Pick<Level, 'load' | 'summary' | 'summarisedWindows' | 'windows' | 'metrics' | 'composing'> {
  const { windows, snapshots } = parts;
  const options: SummaryOptions = { batchSize: parts.batchSize, percentiles: percentilesOf(parts.measurement) };
  const end = windows.length - deadWindows(windows);
  const last = windows.slice(Math.max(0, end - stabilityWindows), end);
  const lastSplit = snapshots.split(end - last.length, end);
  const composing = snapshots.composing(end - last.length, end);
  const [first] = last;
  const metrics = first && parts.polls?.summarise(first.startedAt, last.at(-1)?.endedAt ?? first.endedAt);
  return {
    ...(metrics === undefined ? {} : { metrics }),
    ...(composing.length === 0 ? {} : { composing }),
    load: parts.load,
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
