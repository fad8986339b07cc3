/** One sample of a metrics endpoint. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `counter` also for the counts, sums and buckets of histograms and summaries; what is not said is a gauge. */
  readonly kind: 'counter' | 'gauge';
  readonly value: number;
}

/**
 * Reads the text of a metrics endpoint: the exposition format of Prometheus 0.0.4, and of OpenMetrics as far as it is the
 * same. A line that follows neither is left out, since one odd exporter must not cost the rest.
 */
export function parseExposition(text: string): MetricSample[] {
  const types = new Map<string, string>();
  const samples: MetricSample[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line.startsWith('#')) {
      const [, name, type] = /^#[ \t]+TYPE[ \t]+(\S+)[ \t]+(\S+)/.exec(line) ?? [];
      if (name !== undefined && type !== undefined) types.set(name, type);
      continue;
    }
    const sample = sampleFrom(line, types);
    if (sample !== undefined) samples.push(sample);
  }
  return samples;
}

function sampleFrom(line: string, types: ReadonlyMap<string, string>): MetricSample | undefined {
  const [head, name] = /^([a-zA-Z_:][\w:]*)[ \t]*/.exec(line) ?? [];
  if (head === undefined || name === undefined) return undefined;
  const rest = line.slice(head.length);
  const labelled = rest.startsWith('{') ? readLabels(rest) : { labels: {}, length: 0 };
  if (labelled === undefined) return undefined;
  const [valueText = ''] = rest.slice(labelled.length).trim().split(/[ \t]/);
  const value = numberFrom(valueText);
  return value === undefined ? undefined : { name, labels: labelled.labels, kind: kindOf(name, types), value };
}

const label = /[ \t]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|(?=\}))/y;

/** The labels between braces, and how long the text with its braces is. */
function readLabels(text: string): { labels: Record<string, string>; length: number } | undefined {
  const labels: [string, string][] = [];
  let at = 1;
  for (;;) {
    label.lastIndex = at;
    const match = label.exec(text);
    if (match === null) break;
    labels.push([match[1] ?? '', unescaped(match[2] ?? '')]);
    at = label.lastIndex;
  }
  const [end] = /^[ \t]*\}/.exec(text.slice(at)) ?? [];
  return end === undefined ? undefined : { labels: Object.fromEntries(labels), length: at + end.length };
}

const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));

function numberFrom(text: string): number | undefined {
  if (/^[+-]?inf(inity)?$/i.test(text))
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function kindOf(name: string, types: ReadonlyMap<string, string>): MetricSample['kind'] {
  const [, family = name, suffix = ''] = /^(.*?)_(total|bucket|count|sum)$/.exec(name) ?? [];
  const own = types.get(name);
  if (own !== undefined) return own === 'counter' ? 'counter' : 'gauge';
  const type = types.get(family);
  if (type === 'histogram' || type === 'summary') return 'counter';
  return type === 'counter' && suffix === 'total' ? 'counter' : 'gauge';
}
