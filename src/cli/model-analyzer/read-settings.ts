import { PerfError } from '../../core/perf-error.js';
import type { ConfigKey, KeyForm } from './config-keys.js';
import { nearestName } from './nearest-name.js';

/** Values by key, each of the form that its key asks for: lists are lists, numbers numbers. */
export type Settings = Readonly<Record<string, unknown>>;

/** Where settings come from, for refusals: a file and a path in it, or flags. */
export interface Origin {
  /** As in "Cannot read FILE" or "Cannot use FLAGS". */
  readonly deed: string;
  /** The name of a key in a refusal. */
  readonly nameOf: (key: string) => string;
}

/**
 * Checks settings against the keys that there are.
 *
 * @throws PerfError `usage` for an unknown key, with the nearest known one, or a value of another form
 */
export function readSettings(given: unknown, keys: Readonly<Record<string, ConfigKey>>, origin: Origin): Settings {
  if (!isMapping(given)) throw refusal(origin, 'a mapping', origin.nameOf(''), given);
  const entries = Object.entries(given).map(([key, value]): [string, unknown] => {
    const known = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (known === undefined) throw unknownKey(key, Object.keys(keys), origin);
    return [key, checked(known.form, value, key, origin)];
  });
  return Object.fromEntries(entries);
}

export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function unknownKey(key: string, known: readonly string[], { deed, nameOf }: Origin): PerfError {
  const near = nearestName(key, known);
  return new PerfError('usage', `Cannot ${deed}: expected a key of Model Analyzer, got ${nameOf(key)}`, {
    hint: near === undefined ? `Keys there: ${known.join(', ')}.` : `Did you mean ${nameOf(near)}?`,
  });
}

const refusal = ({ deed }: Origin, expected: string, name: string, got: unknown): PerfError =>
  new PerfError('usage', `Cannot ${deed}: expected ${expected} for ${name}, got ${JSON.stringify(got)}`);

const forms: Readonly<Record<KeyForm, { readonly expected: string; readonly read: (value: unknown) => unknown }>> = {
  any: { expected: 'a value', read: (value) => value ?? undefined },
  mapping: { expected: 'a mapping', read: (value) => (isMapping(value) ? value : undefined) },
  text: { expected: 'a text', read: (value) => (typeof value === 'string' ? value : undefined) },
  texts: { expected: 'a list of names', read: textsOf },
  switch: { expected: 'true or false', read: (value) => (typeof value === 'boolean' ? value : undefined) },
  number: { expected: 'a number', read: numberOf },
  integer: {
    expected: 'a whole number',
    read: (value) => (Number.isSafeInteger(numberOf(value)) ? numberOf(value) : undefined),
  },
  integers: {
    expected: 'whole numbers from 1 on, such as 1,2,4, a list, or {start: 1, stop: 8, step: 1}',
    read: integersOf,
  },
};

function checked(form: KeyForm, value: unknown, key: string, origin: Origin): unknown {
  const { expected, read } = forms[form];
  const known = read(value);
  if (known === undefined) throw refusal(origin, expected, origin.nameOf(key), value);
  return known;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

function textsOf(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value.split(',').map((part) => part.trim());
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
}

/** Ascending, each once. */
function integersOf(value: unknown): readonly number[] | undefined {
  const list = isMapping(value)
    ? rangeOf(value)
    : (typeof value === 'string' ? value.split(',') : [value].flat()).map((each) =>
        numberOf(typeof each === 'string' ? each.trim() : each),
      );
  if (list === undefined || !list.every((each) => Number.isSafeInteger(each) && Number(each) >= 1)) return undefined;
  return [...new Set(list as number[])].sort((left, right) => left - right);
}

const longestRange = 10_000;

/** `stop` is part of it. */
function rangeOf({ start, stop, step = 1, ...more }: Readonly<Record<string, unknown>>): number[] | undefined {
  const [first, last, gap] = [start, stop, step].map((each) => numberOf(each) ?? Number.NaN) as [
    number,
    number,
    number,
  ];
  const count = Math.floor((last - first) / gap) + 1;
  if (Object.keys(more).length > 0 || !(gap >= 1 && count >= 1 && count <= longestRange)) return undefined;
  return Array.from({ length: count }, (_, index) => first + index * gap);
}
