import type { Clock } from '../../src/core/clock.js';
import type { MetricSeries, ServerMetrics } from '../../src/core/run.js';
import { fromMs, minus, type Nanoseconds, plus, toSeconds } from '../../src/core/units.js';
import type { MetricSample } from '../../src/protocol/exposition.js';

export interface MetricsSource {
  /** The metrics of this moment; `undefined` when the server does not say. Never rejects. */
  readonly read: () => Promise<readonly MetricSample[] | undefined>;
  readonly intervalMs: number;
}

/** What a metrics endpoint said, again and again, while a level ran. */
export interface MetricsPolls {
  /** Asks a last time, and no more after that. */
  stop(): Promise<void>;
  /** What it said of a stretch of time; absent when it said nothing. */
  summarise(from: Nanoseconds, to: Nanoseconds): ServerMetrics | undefined;
}

interface Poll {
  readonly at: Nanoseconds;
  /** By the text of name and labels. */
  readonly samples: ReadonlyMap<string, MetricSample>;
}

/** Polls now and every interval from now on. A server that answers more slowly than that is asked again at once. */
export function pollMetrics({ read, intervalMs }: MetricsSource, clock: Clock): MetricsPolls {
  const polls: Poll[] = [];
  const stopping = new AbortController();

  const poll = async (): Promise<void> => {
    const at = clock.now();
    const samples = await read();
    if (samples !== undefined) polls.push({ at, samples: new Map(samples.map((sample) => [keyOf(sample), sample])) });
  };

  const polling = (async () => {
    while (!stopping.signal.aborted) {
      const next = plus(clock.now(), fromMs(intervalMs));
      await poll();
      await clock.sleepUntil(next, stopping.signal);
    }
  })();

  return {
    stop: async () => {
      stopping.abort();
      await polling;
      await poll();
    },
    summarise: (from, to) => summarise(polls, from, to),
  };
}

const keyOf = ({ name, labels }: MetricSample): string => JSON.stringify([name, Object.entries(labels).sort()]);

/**
 * Gauges are those of the polls inside the stretch: before it nothing may have run. Counters go from the last poll before
 * it to the first one after it, which covers it whole.
 */
function summarise(polls: readonly Poll[], from: Nanoseconds, to: Nanoseconds): ServerMetrics | undefined {
  const first = Math.max(
    0,
    polls.findLastIndex(({ at }) => at <= from),
  );
  const next = polls.findIndex(({ at }) => at >= to);
  const around = polls.slice(first, next === -1 ? polls.length : next + 1);
  const inside = around.filter(({ at }) => at > from && at <= to);
  const shown = inside.length > 0 ? inside : around;
  const last = around.at(-1);
  if (last === undefined) return undefined;
  const series = [...last.samples].flatMap(([key, sample]) =>
    sample.kind === 'counter' ? counterSeries(key, sample, around) : gaugeSeries(key, sample, shown),
  );
  return { polls: shown.length, series };
}

function gaugeSeries(key: string, { name, labels }: MetricSample, polls: readonly Poll[]): MetricSeries[] {
  const values = polls.map(({ samples }) => samples.get(key)?.value).filter(isNumber);
  if (values.length === 0) return [];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [{ name, labels, kind: 'gauge', mean, min: Math.min(...values), max: Math.max(...values) }];
}

/** A counter that went down began anew, with its server: nothing can be said of it then. */
function counterSeries(key: string, { name, labels }: MetricSample, polls: readonly Poll[]): MetricSeries[] {
  const seen = polls.filter(({ samples }) => samples.has(key));
  const [first] = seen;
  const last = seen.at(-1);
  if (first === undefined || last === undefined || first === last) return [];
  const increase = (last.samples.get(key)?.value ?? 0) - (first.samples.get(key)?.value ?? 0);
  if (!(increase >= 0)) return [];
  return [{ name, labels, kind: 'counter', increase, perSecond: increase / toSeconds(minus(last.at, first.at)) }];
}

const isNumber = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);
