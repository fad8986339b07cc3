import { parsePushgateway } from '../push-metrics.js';
import { badFlag } from './parse.js';

const text = { type: 'string', requiresArg: true } as const;

/** Files that a run, and a stored run again, can be written into. */
export const reportFlags = {
  f: { ...text, alias: 'csv', describe: "Write a CSV with perf_analyzer's columns", group: 'Reports:' },
  'verbose-csv': {
    type: 'boolean',
    default: false,
    describe: 'Add mean latency and its client parts to the CSV',
    group: 'Reports:',
  },
  json: { ...text, describe: 'Write the whole run as one JSON document', group: 'Reports:' },
  html: { ...text, describe: 'Write one HTML file with charts and tables, for people', group: 'Reports:' },
  markdown: { ...text, describe: 'Write tables for a page such as the summary of a GitHub job', group: 'Reports:' },
  junit: { ...text, describe: 'Write a test a level as JUnit XML, for CI servers', group: 'Reports:' },
  openmetrics: { ...text, describe: 'Write every number as OpenMetrics text, for Prometheus', group: 'Reports:' },
  pushgateway: {
    ...text,
    describe: 'Push the same numbers to this Prometheus Pushgateway, such as http://localhost:9091',
    group: 'Reports:',
  },
  hgrm: {
    ...text,
    describe: "Write the latency distribution of each level beside this file, for HdrHistogram's plotter",
    group: 'Reports:',
  },
} as const;

/** As yargs gives them. */
export interface ReportFlags {
  readonly f: string | undefined;
  readonly verboseCsv: boolean;
  readonly json: string | undefined;
  readonly html: string | undefined;
  readonly markdown: string | undefined;
  readonly junit: string | undefined;
  readonly openmetrics: string | undefined;
  readonly hgrm: string | undefined;
  readonly pushgateway: string | undefined;
}

/** The files to write, by format. */
export interface ReportFiles {
  readonly csv: string | undefined;
  readonly isVerboseCsv: boolean;
  readonly json: string | undefined;
  readonly html: string | undefined;
  readonly markdown: string | undefined;
  readonly junit: string | undefined;
  readonly openmetrics: string | undefined;
  readonly hgrm: string | undefined;
  /** An address, not a file. */
  readonly pushgateway: string | undefined;
}

/** @throws PerfError `usage` */
export function reportFiles({ f: csv, verboseCsv: isVerboseCsv, ...flags }: ReportFlags): ReportFiles {
  const { json, html, markdown, junit, openmetrics, hgrm } = flags;
  const pushgateway = flags.pushgateway === undefined ? undefined : parsePushgateway(flags.pushgateway);
  const files = { csv, isVerboseCsv, json, html, markdown, junit, openmetrics, hgrm, pushgateway };
  for (const [flag, file] of Object.entries(filesByFlag(files))) {
    if (file === '') throw badFlag(flag, 'a file name', file);
  }
  return files;
}

/** What each flag names, in the order of writing. */
export const filesByFlag = (files: ReportFiles): Readonly<Record<string, string | undefined>> => ({
  '-f': files.csv,
  '--json': files.json,
  '--html': files.html,
  '--markdown': files.markdown,
  '--junit': files.junit,
  '--openmetrics': files.openmetrics,
  '--hgrm': files.hgrm,
});
