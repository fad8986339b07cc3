import type { Run } from '../../src/core/run.js';

/** What must be the same for figures to be comparable, by what it is called. */
const traits: readonly (readonly [name: string, of: (run: Run) => unknown])[] = [
  ['model', ({ settings }) => settings.models ?? settings.modelName],
  ['batch size', ({ settings }) => settings.batchSize],
  ['protocol', ({ settings }) => settings.protocol],
  ['kind of load', ({ settings }) => loadTraits(settings.load)],
  ['input data', ({ settings }) => ({ ...settings.data, shapes: settings.shapes })],
  ['sequences', ({ settings }) => settings.sequences],
  ['shared memory', ({ settings }) => settings.sharedMemory],
  ['processor', ({ machine }) => `${machine.logicalCpus} x ${machine.cpuModel} (${machine.arch})`],
];

/** Levels are matched one by one, so their range may differ. */
const loadTraits = (load: Run['settings']['load']): unknown => {
  if (!('range' in load)) return load;
  const { range: _range, search: _search, ...others } = load;
  return others;
};

/** What figures of a run are comparable by, as texts. */
export const traitsOf = (run: Run): Record<string, string> =>
  Object.fromEntries(traits.map(([name, of]) => [name, textOf(of(run))]));

/** In what runs differ from the first one that makes their figures say little about one another; one line for each trait. */
export function differencesOf(runs: readonly Run[]): string[] {
  return traits.flatMap(([name, of]) => {
    const texts = [...new Set(runs.map((run) => textOf(of(run))))];
    return texts.length < 2 ? [] : [`${name}: ${texts.join(' and ')}`];
  });
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'none');
