import type { SettingValue } from '../../core/trial.js';
import { settingNames } from '../search/apply-candidate.js';
import type { Variations } from '../search/live-space.js';
import { placeOf } from '../search/model-settings.js';
import { precisionNames } from '../search/precision-names.js';
import { badFlag, oneOf } from './parse.js';

/** Settings whose values are words. */
const wordsOf: Readonly<Record<string, readonly string[]>> = {
  precision: precisionNames,
  instance_kind: ['KIND_CPU', 'KIND_GPU', 'KIND_AUTO'],
};
/** Not of a model within the searched one. */
const ofRequests: readonly string[] = ['batch_size', 'precision'];

/** How many values a range may stand for. */
const longestRange = 1000;

/**
 * `--vary NAME=V1,V2,...` or `--vary NAME=START:END[:STEP]`: the values of one dimension, of a model within the searched one with MODEL: in front.
 *
 * @throws PerfError `usage`
 */
export function parseVariations(given: readonly string[]): Variations {
  const entries = given.map((text): [string, readonly SettingValue[]] => {
    const [, name = '', list = ''] = /^((?:[^=]+:)?\w+)=(.+)$/.exec(text) ?? [];
    const { model, setting } = placeOf(name);
    if (!settingNames.includes(setting) || (model !== undefined && ofRequests.includes(setting))) {
      throw badFlag('--vary', `NAME=VALUES with a name of ${settingNames.join(', ')}`, text);
    }
    const parts = list.split(',').map((part) => part.trim());
    const words = wordsOf[setting];
    if (words !== undefined) {
      return [name, [...new Set(parts.map((part) => oneOf(`--vary ${name}`, part, words)))]];
    }
    return [name, [...new Set(parts.flatMap((part) => valuesOf(part, text)))].sort(ascending)];
  });
  const names = entries.map(([name]) => name);
  if (new Set(names).size < names.length) throw badFlag('--vary', 'each name once', given.join(' '));
  return new Map(entries);
}

const ascending = (left: SettingValue, right: SettingValue): number => Number(left) - Number(right);

function valuesOf(part: string, text: string): number[] {
  const [, start, end, step = '1'] = /^(-?\d+)(?::(\d+)(?::([1-9]\d*))?)?$/.exec(part) ?? [];
  const [low, high] = [Number(start), Number(end ?? start)];
  const count = Math.floor((high - low) / Number(step)) + 1;
  if (start === undefined || !(count >= 1 && count <= longestRange)) {
    throw badFlag('--vary', 'whole numbers, such as max_batch_size=1,8,32 or instance_count=1:4', text);
  }
  return Array.from({ length: count }, (_, index) => low + index * Number(step));
}
