import { limitText } from '../src/core/certify.js';
import { loadName } from '../src/core/load-name.js';
import type { Level, Run } from '../src/core/run.js';
import type { Table } from './column.js';
import { levelColumn } from './level-tables.js';

/** What each level was certified as; nothing when nobody asked. */
export function formatCertification({ settings, levels }: Run): string[] {
  const { certify } = settings.measurement;
  if (certify === undefined) return [];
  const lines = levels.flatMap(({ load, certification }) => {
    if (certification === undefined) return [];
    const { verdict, requests, over, effectiveRequests } = certification;
    const weight =
      effectiveRequests < 0.995 * requests ? `, worth ${Math.round(effectiveRequests)} independent ones` : '';
    return [`${loadName(load)}: ${verdict.toUpperCase()}, ${over} of ${requests} requests over the limit${weight}`];
  });
  return [[`Certification of ${limitText(certify)} at ${certify.confidencePercent} %`, ...lines].join('\n')];
}

/** The same for a page; absent when nobody asked. */
export function certificationTable(run: Run): Table<Level> | undefined {
  const { certify } = run.settings.measurement;
  if (certify === undefined) return undefined;
  return {
    key: 'certification',
    title: `Certification of ${limitText(certify)} at ${certify.confidencePercent} %; worth: so many independent requests`,
    columns: [
      levelColumn(run),
      { ...form('verdict'), value: ({ certification }) => certification?.verdict.toUpperCase() },
      { ...form('requests'), value: ({ certification }) => certification?.requests },
      { ...form('over the limit'), value: ({ certification }) => certification?.over },
      { ...form('worth'), value: ({ certification }) => certification?.effectiveRequests },
    ],
    rows: run.levels,
  };
}

const form = (title: string) => ({ key: title.replaceAll(' ', '_'), title, name: title, unit: '' }) as const;
