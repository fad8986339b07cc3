import type { Load, LoadSettings } from './run.js';

/** What a level is called in running text. */
export const loadName = (load: Load): string =>
  load.kind === 'concurrency'
    ? `concurrency ${load.concurrency}`
    : `request rate ${Number(load.requestsPerSecond.toPrecision(6))}`;

/** The number that differs between the levels of a sweep. */
export const levelValue = (load: Load): number =>
  load.kind === 'concurrency' ? load.concurrency : load.requestsPerSecond;

/** How perf_analyzer calls that number, in its CSV and its closing lines. */
export const levelTitle = ({ kind }: Pick<LoadSettings, 'kind'>): string =>
  kind === 'concurrency' ? 'Concurrency' : 'Request Rate';
