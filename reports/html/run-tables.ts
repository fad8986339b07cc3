import type { Run } from '../../src/core/run.js';
import { certaintyTable } from '../certainty-table.js';
import { certificationTable } from '../certification.js';
import type { Table } from '../column.js';
import { composingTable } from '../composing.js';
import { levelColumn, levelTables } from '../level-tables.js';
import { probeTable } from '../max-rate.js';
import { metricsTable } from '../metrics-table.js';
import { partTables } from '../part-tables.js';
import { sequenceTable } from '../sequence-table.js';
import type { Html } from './html.js';
import { htmlTable } from './html-table.js';

/**
 * Every table of a run in the order of reading.
 *
 * @param prefix makes their names unique in a page of several runs
 */
export function runTables(run: Run, prefix: string): Html[] {
  const show = <Row>(table: Table<Row> | undefined): Html[] =>
    table === undefined ? [] : [htmlTable({ ...table, key: prefix + table.key }, 'perf-analyze')];
  const { latency, pacing, streams, server, client } = levelTables(run);
  const measured = run.levels.filter(({ summary }) => summary.requests > 0);
  return [
    ...show(latency),
    ...show(certaintyTable(run)),
    ...show(certificationTable(run)),
    ...show(probeTable(run)),
    ...show(pacing),
    ...(run.settings.sequences === undefined ? [] : show(sequenceTable(run.levels, levelColumn(run)))),
    ...show(streams),
    ...show(server),
    ...show(composingTable(measured, levelColumn(run))),
    ...partTables(run).flatMap(show),
    ...show(metricsTable(measured, levelColumn(run))),
    ...show(client),
  ];
}
