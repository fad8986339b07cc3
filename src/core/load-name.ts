import type { ClosedLoad, Load, LoadSettings, SweptLoadSettings } from './load.js';

/** Whether requests are sent by a schedule, rather than by answers. */
export const isOpenLoop = <Kind extends Pick<LoadSettings, 'kind'>>(
  load: Kind,
): load is Exclude<Kind, { kind: ClosedLoad['kind'] }> =>
  load.kind !== 'concurrency' && load.kind !== 'periodic-concurrency';

/** Whether a run has a range of levels. */
export const isSwept = (settings: LoadSettings): settings is SweptLoadSettings => 'range' in settings;

/** What a level is called in running text. */
export function loadName(load: Load): string {
  const value = Number(levelValue(load).toPrecision(6));
  if (load.kind === 'periodic-concurrency') return `concurrency ${load.start} to ${value}`;
  return isOpenLoop(load) ? `request rate ${value}` : `concurrency ${value}`;
}

/** The number that differs between the levels of a sweep; of a load that grows, the last one. */
export function levelValue(load: Load): number {
  if (load.kind === 'concurrency') return load.concurrency;
  return load.kind === 'periodic-concurrency' ? load.end : load.requestsPerSecond;
}

/** How perf_analyzer calls that number, in its CSV and its closing lines. */
export const levelTitle = (load: Pick<LoadSettings, 'kind'>): string =>
  isOpenLoop(load) ? 'Request Rate' : 'Concurrency';
