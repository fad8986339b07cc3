import { type Calibration, rangeOf } from './calibration/range-of.js';
import type { Range } from './rewrite/int8-static.js';
import type { StaticPlan } from './rewrite/static-plan.js';
import type { Session } from './runtime/open-session.js';
import { openTemporary } from './runtime/open-temporary.js';
import type { SentTensors, Span } from './runtime/session-messages.js';
import { spreadOf } from './runtime/spread-of.js';

/** What ranges are found with. */
export interface CalibrateOptions {
  readonly packagePath: string;
  readonly samples: readonly SentTensors[];
  readonly calibration: Calibration;
  /** See `VariantOptions`. */
  readonly temporary?: string;
}

/** Runs samples through a model that also gives the values of a plan, and finds the range of each. */
export async function calibrate(plan: StaticPlan, options: CalibrateOptions): Promise<Map<string, Range>> {
  const { packagePath, samples, calibration, temporary } = options;
  const { graph } = plan.model;
  const given = new Set(graph.output.map(({ name }) => name));
  const inputs = new Set(graph.input.map(({ name }) => name));
  const wanted = [...plan.values];
  const added = wanted.filter((name) => !given.has(name) && !inputs.has(name));
  const probe = { ...plan.model, graph: { ...graph, output: [...graph.output, ...added.map((name) => ({ name }))] } };
  await using session = await openTemporary(probe, { packagePath, threads: 1, level: 'all', temporary });
  const spans = await spansOf(session, samples, wanted);
  const counts = calibration === 'minmax' ? undefined : await countsOf(session, samples, spans);
  return new Map([...spans].map(([name, span]) => [name, rangeOf(span, counts?.get(name), calibration)]));
}

/** The span of each value over all samples. */
async function spansOf(session: Session, samples: readonly SentTensors[], wanted: readonly string[]) {
  const spans = new Map<string, Span>();
  for (const feeds of samples) {
    await session.feed(feeds);
    const spread = { ...(await session.observe()), ...inputSpans(feeds) };
    for (const name of wanted) {
      const { low = 0, high = 0 } = spread[name] ?? {};
      const known = spans.get(name) ?? { low, high };
      spans.set(name, { low: Math.min(known.low, low), high: Math.max(known.high, high) });
    }
  }
  return spans;
}

/** What a model is given it does not give. */
function inputSpans(feeds: SentTensors): Record<string, Span> {
  const floats = Object.entries(feeds).filter(([, { type }]) => type === 'float32');
  return Object.fromEntries(floats.map(([name, { data }]) => [name, spreadOf(data as Float32Array)]));
}

/** How the numbers of each value are spread over its span, over all samples. */
async function countsOf(session: Session, samples: readonly SentTensors[], spans: ReadonlyMap<string, Span>) {
  const counts = new Map<string, Float64Array>();
  for (const feeds of samples) {
    await session.feed(feeds);
    for (const [name, { counts: more }] of Object.entries(await session.observe(Object.fromEntries(spans)))) {
      if (more === undefined) continue;
      const sum = counts.get(name);
      counts.set(name, sum === undefined ? more : sum.map((count, part) => count + (more[part] ?? 0)));
    }
  }
  return counts;
}
