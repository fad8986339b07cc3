import type { ModelShare } from '../../core/run-settings.js';
import { badFlag } from './parse.js';

/** A model with less than a thousandth of the weight of another would get a thousandth of the requests all the same. */
const largestRatio = 1000;

const form = 'NAME or NAME=WEIGHT, several with commas between them';
const escapes = 'in a name, \\ stands before a comma, an equals sign or a backslash';

/**
 * `-m NAME[=WEIGHT][,NAME[=WEIGHT]...]`: the models that are measured at once, each with the weight 1 unless given. A
 * backslash takes the meaning from the character behind it.
 *
 * @throws PerfError `usage`
 */
export function parseModels(flag: string, text: string): ModelShare[] {
  const shares = splitBare(text, ',').map((entry) => {
    const [name = '', weight = '1', ...more] = splitBare(entry, '=');
    const isRight = name !== '' && more.length === 0 && /^(\d+\.?\d*|\.\d+)$/.test(weight) && Number(weight) > 0;
    if (!isRight || /(?<!\\)(?:\\\\)*\\$/.test(name)) {
      throw badFlag(flag, `${form}, with weights above 0 (${escapes})`, text);
    }
    return { name: unescaped(name), weight: Number(weight) };
  });
  const names = shares.map(({ name }) => name);
  if (new Set(names).size < names.length) throw badFlag(flag, 'each model once', text);
  const weights = shares.map(({ weight }) => weight);
  if (Math.max(...weights) > largestRatio * Math.min(...weights)) {
    throw badFlag(flag, `weights that are at most ${largestRatio} times one another`, text);
  }
  return shares;
}

/** At each separator that no backslash stands before; escapes stay as they are. */
function splitBare(text: string, separator: string): string[] {
  const parts = [''];
  for (const piece of text.match(/\\.|[^\\]|\\$/gsu) ?? []) {
    if (piece === separator) parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts;
}

const unescaped = (text: string): string => text.replace(/\\(.)/gsu, '$1');
