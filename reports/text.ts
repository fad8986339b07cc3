import { unsupported } from '../src/core/certainty.js';
import { levelTitle, levelValue } from '../src/core/load-name.js';
import type { Level, Run } from '../src/core/run.js';
import type { MeasurementSettings } from '../src/core/run-settings.js';
import { formatCertainty } from './certainty-table.js';
import { formatCertification } from './certification.js';
import { titledText } from './column.js';
import { composingTable } from './composing.js';
import { describeRun, runRemarks } from './describe-run.js';
import { levelColumn, levelTables } from './level-tables.js';
import { probeTable } from './max-rate.js';
import { metricsTable } from './metrics-table.js';
import { partTables } from './part-tables.js';
import { sequenceTable } from './sequence-table.js';

/** The report for a person: settings, one table of latencies, one of the server's split, remarks, and the summary lines that scripts know from perf_analyzer. */
export function formatText(run: Run): string {
  const measured = run.levels.filter(({ summary }) => summary.requests > 0);
  const tables = levelTables(run);
  const level = levelColumn(run);
  const remarks = runRemarks(run);
  const sections = [
    describeRun(run).join('\n'),
    ...(run.levels.length === 0 ? ['Nothing was measured.'] : titledText(tables.latency)),
    ...formatCertainty(run, level),
    ...formatCertification(run),
    ...titledText(probeTable(run)),
    ...titledText(tables.pacing),
    ...(run.settings.sequences === undefined ? [] : titledText(sequenceTable(run.levels, level))),
    ...titledText(tables.streams),
    ...titledText(tables.server),
    ...titledText(composingTable(measured, level)),
    ...partTables(run).flatMap(titledText),
    ...titledText(metricsTable(measured, level)),
    ...(run.levels.some(({ verdict }) => verdict.kind !== 'valid') ? titledText(tables.client) : []),
    ...(remarks.length === 0 ? [] : [remarks.map((line) => `! ${line}`).join('\n')]),
    ...(measured.length === 0 ? [] : [summaryLines(measured, run.settings.measurement)]),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** The closing lines of perf_analyzer, letter by letter, because scripts read them. */
function summaryLines(levels: readonly Level[], { percentile }: MeasurementSettings): string {
  const name = percentile === undefined ? 'Average' : `p${percentile}`;
  const lines = levels.map(({ load, summary, certainty }) => {
    const needed = percentile === undefined ? undefined : unsupported(certainty, percentile);
    const latencyMs = percentile === undefined ? summary.latency?.meanMs : summary.latency?.percentilesMs[percentile];
    const throughput = Number(summary.throughput.toPrecision(6));
    return `${levelTitle(load)}: ${Number(levelValue(load).toPrecision(6))}, throughput: ${throughput} infer/sec, latency ${needed === undefined ? `${Math.round((latencyMs ?? 0) * 1000)} usec` : `needs ${needed.needsRequests} requests`}`;
  });
  return [`Inferences/Second vs. Client ${name} Batch Latency`, ...lines].join('\n');
}
