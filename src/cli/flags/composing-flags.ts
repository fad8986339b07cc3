import type { NamedVersion } from '../../core/composing.js';
import { badFlag } from './parse.js';

/** The flag of models that the server calls by itself. */
export const composingFlags = {
  'bls-composing-models': {
    type: 'string',
    requiresArg: true,
    array: true,
    default: [] as string[],
    describe: 'Models that the measured one calls itself, NAME[:VERSION],...: their share is shown too (repeatable)',
    group: 'Server:',
  },
} as const;

export const repeatableComposingFlags = ['bls-composing-models', 'blsComposingModels'] as const;

export interface ComposingFlags {
  readonly blsComposingModels: readonly string[];
}

const flag = '--bls-composing-models';

/** Spaces do not count. @throws PerfError `usage` */
export function composingModels({ blsComposingModels }: ComposingFlags): NamedVersion[] {
  const models = new Map<string, NamedVersion>();
  for (const item of blsComposingModels.flatMap((text) => text.split(','))) {
    const text = item.replace(/\s/g, '');
    const [name = '', version, ...rest] = text.split(':');
    const isVersion = version === undefined || /^[1-9]\d{0,14}$/.test(version);
    if (name === '' || !isVersion || rest.length > 0) {
      throw badFlag(flag, 'names of models, NAME or NAME:VERSION, with commas between them', item);
    }
    models.set(text, { name, version: version ?? '' });
  }
  return [...models.values()];
}
