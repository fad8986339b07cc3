import { basename, dirname, join } from 'node:path';
import type { NamedVersion } from '../core/composing.js';

/**
 * Where the CSV of a model within the measured one goes: `<model>_v<version>.<file>` in the folder of `-f`. What is no
 * plain character of a file name is written as `%` and its bytes, so that no name leads elsewhere and no two meet.
 */
export const composingCsvPath = (csv: string, { name, version }: NamedVersion): string =>
  join(dirname(csv), `${safeName(name)}_v${version}.${basename(csv)}`);

const safeName = (name: string): string =>
  name.replace(/^\.|[^\w.-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
