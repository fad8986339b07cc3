import type { Stability } from '../../src/core/run.js';

/** What the stability check looks at in one window. */
export interface WindowFigures {
  /** Inferences per second. */
  readonly throughput: number;
  /** The mean or the chosen percentile; absent without a valid answer. */
  readonly latencyMs: number | undefined;
}

/** How many windows at the end must agree, and how many are merged for the report. */
export const stabilityWindows = 3;

/**
 * Whether the last three windows agree: the largest throughput at most (1 + tolerance) times the smallest, and the same
 * for latency. The rule of perf_analyzer.
 *
 * @param tolerance a fraction, e.g. 0.1
 */
export function checkStability(windows: readonly WindowFigures[], tolerance: number): Stability {
  const recent = windows.slice(-stabilityWindows);
  if (windows.length > 0 && recent.every((window) => window.throughput === 0)) {
    return { stable: false, reason: 'no-valid-requests' };
  }
  if (recent.length < stabilityWindows) return { stable: false, reason: 'too-few-windows' };
  const agree = (values: readonly number[]): boolean =>
    Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) <= 1 + tolerance;
  if (!agree(recent.map((window) => window.throughput))) return { stable: false, reason: 'throughput' };
  if (!agree(recent.map((window) => window.latencyMs ?? 0))) return { stable: false, reason: 'latency' };
  return { stable: true };
}
