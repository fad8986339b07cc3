import { levelValue } from '../src/core/load-name.js';
import type { Level, Run } from '../src/core/run.js';
import type { Column, Unit } from './column.js';
import { levelTables, listTables } from './level-tables.js';
import { turnsOf } from './turns.js';

/** The runs as OpenMetrics 1.0 text: a gauge for every number of the tables, in base units, labelled by run and level. */
export function formatOpenMetrics(runs: readonly Run[]): string {
  const families = new Map<string, Family>();
  const labelled = runs.map((run) => ({ run, labels: runLabels(run, runs.length) }));
  for (const { run, labels } of labelled) {
    const turns = turnsOf(run.levels);
    const labelsOf = (level: Level): string => `${labels},${levelLabels(level, turns.get(level))}`;
    for (const { columns, rows } of listTables(levelTables(run))) {
      for (const column of columns) collect(families, column, { labelsOf, rows });
    }
  }
  const started = labelled.map(({ run, labels }) => `${startName}{${labels}} ${Date.parse(run.startedAt) / 1000}`);
  const start = [`# TYPE ${startName} gauge`, `# UNIT ${startName} seconds`, `# HELP ${startName} When the run began.`];
  return `${[...[...families.values()].flatMap(familyLines), ...start, ...started, '# EOF'].join('\n')}\n`;
}

const startName = 'perf_analyze_start_time_seconds';

interface Family {
  readonly name: string;
  readonly unit: string;
  readonly help: string;
  readonly samples: string[];
}

/** OpenMetrics wants base units, and the unit at the end of the name. */
const baseUnits: Readonly<Record<Unit, { readonly name: string; readonly factor: number }>> = {
  '': { name: '', factor: 1 },
  ms: { name: 'seconds', factor: 1e-3 },
  'infer/s': { name: 'inferences_per_second', factor: 1 },
  'requests/s': { name: 'requests_per_second', factor: 1 },
  'responses/s': { name: 'responses_per_second', factor: 1 },
  '%': { name: 'ratio', factor: 1e-2 },
  MiB: { name: 'bytes', factor: 1024 * 1024 },
  W: { name: 'watts', factor: 1 },
  MB: { name: 'bytes', factor: 1e6 },
  cores: { name: 'cores', factor: 1 },
};

function collect(
  families: Map<string, Family>,
  column: Column<Level>,
  { labelsOf, rows }: { readonly labelsOf: (level: Level) => string; readonly rows: readonly Level[] },
): void {
  const { name: unit, factor } = baseUnits[column.unit];
  const name = ['perf_analyze', column.key.replace(/\W/g, '_'), ...(unit === '' ? [] : [unit])].join('_');
  const samples = rows.flatMap((level) => {
    const value = column.value(level);
    return typeof value === 'number' ? [`${name}{${labelsOf(level)}} ${scaled(value, factor)}`] : [];
  });
  if (samples.length === 0) return;
  const family = families.get(name) ?? { name, unit, help: column.name, samples: [] };
  family.samples.push(...samples);
  families.set(name, family);
}

/** Fifteen digits: 1.1 ms are 0.0011 s, and no hair more. */
const scaled = (value: number, factor: number): number => Number((value * factor).toPrecision(15));

const familyLines = ({ name, unit, help, samples }: Family): string[] => [
  `# TYPE ${name} gauge`,
  ...(unit === '' ? [] : [`# UNIT ${name} ${unit}`]),
  `# HELP ${name} ${help}.`,
  ...samples,
];

/** Several runs are told apart by when they began; one has no such label, so that its series go on from run to run. */
const runLabels = ({ settings, server, startedAt }: Run, count: number): string =>
  labelText({
    model: settings.modelName,
    server: server.url,
    protocol: settings.protocol,
    ...(count > 1 ? { run: startedAt } : {}),
  });

/** No two series may have the same labels, or Prometheus takes none of them. */
const levelLabels = ({ load }: Level, turn = 1): string =>
  labelText({ load: load.kind, level: String(levelValue(load)), ...(turn > 1 ? { turn: String(turn) } : {}) });

const labelText = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',');
