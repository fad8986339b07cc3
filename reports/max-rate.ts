import { limitText } from '../src/core/certify.js';
import { levelValue } from '../src/core/load-name.js';
import { type MaxRate, probeText } from '../src/core/max-rate.js';
import type { Level, Run } from '../src/core/run.js';
import type { Column, Table } from './column.js';

/** The probes of a search for the largest rate, by ascending rate; absent when nobody asked. The answer is a remark. */
export function probeTable({ maxRate, levels }: Run): Table<Level> | undefined {
  if (maxRate === undefined) return undefined;
  const rows = levels
    .filter(({ probe }) => probe !== undefined)
    .toSorted((left, right) => levelValue(left.load) - levelValue(right.load));
  return { key: 'probes', title: 'Probes; worth: so many independent requests', columns, rows };
}

/** One sentence. */
export function describeMaxRate(maxRate: MaxRate, { settings, levels }: Pick<Run, 'settings' | 'levels'>): string {
  const limit = settings.measurement.maxRate;
  const what = limit === undefined ? 'the limit' : limitText(limit);
  const probes = levels.filter(({ probe }) => probe !== undefined);
  const rates = probes.map(({ load }) => levelValue(load));
  if (!maxRate.isBracketed) return `Largest rate with ${what}: ${describeSide(probes, limit?.maxMs)}.`;
  const { rate, low, high } = maxRate;
  return `Largest rate with ${what}: ${figure(rate)} requests/s (${figure(low)} to ${figure(high)} at 95 %)${edgeText(maxRate)}, ${rates.length} probes.`;
}

/** What probes say that are all on one side. */
function describeSide(probes: readonly Level[], maxMs = 0): string {
  const rates = probes.map(({ load }) => levelValue(load));
  const late = probes.find(({ probe }) => probe?.answer === 'late');
  const lateText = late && `at ${figure(levelValue(late.load))} requests/s the client sent too late to tell`;
  const met = probes.filter(({ probe }) => probe?.answer === 'met').map(({ load }) => levelValue(load));
  if (met.length > 0)
    return `above ${figure(Math.max(...met))} requests/s, which met it; ${lateText ?? 'no probe missed it'}`;
  if (lateText !== undefined) return `unknown: ${lateText}. See the client health of that level`;
  const unknown = probes.find(({ probe }) => probe?.answer === 'unknown');
  if (unknown === undefined) return `none was found, ${figure(Math.min(...rates))} requests/s missed it too`;
  const { requests = 0 } = unknown.probe ?? {};
  return (
    `unknown: ${figure(levelValue(unknown.load))} requests/s gave ${requests} requests in ${figure(maxMs / 1000)} s, too few to tell. ` +
    'Start at a higher --request-rate-range, or give a probe more --max-time'
  );
}

function edgeText({ edge, elasticity }: MaxRate): string {
  if (edge === undefined || elasticity === undefined) return '';
  const cost = `1 % more load costs ${figure(elasticity)} % of latency there`;
  return edge === 'cliff' ? `, a cliff (${cost})` : `, smooth (${cost})`;
}

const figure = (value: number): string => String(Number(value.toPrecision(4)));

const form = (title: string) => ({ key: title.replace(/\W/, '_'), title, name: title, unit: '' }) as const;

const columns: readonly Column<Level>[] = [
  { ...form('request rate'), value: ({ load }) => levelValue(load), digits: 2, significant: 5 },
  {
    ...form('answered/s'),
    value: ({ summary }) => (1000 * summary.requests) / summary.durationMs,
    digits: 2,
    significant: 5,
  },
  { ...form('requests'), value: ({ probe }) => probe?.requests, digits: 0 },
  { ...form('over'), value: ({ probe }) => probe?.over, digits: 0 },
  { ...form('worth'), value: ({ probe }) => probe?.effectiveRequests, digits: 0 },
  { ...form('answer'), value: ({ probe }) => probe && probeText(probe), align: 'left' },
];
